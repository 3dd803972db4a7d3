// SPDX-License-Identifier: GPL-2.0-only
/*
 * PCI_COMMAND after a recovery from an error.
 *
 * A reset of the link leaves config space as at power-on, and nothing was saved
 * before it: the PCI core can restore only the state of an earlier reset or of
 * open. This file remembers what the user has set since. Of the other registers
 * vfio-pci shows the hardware's values, so a user sees that they are lost; but
 * vfio-pci remembers memory decoding itself, and relies on its own copy.
 *
 * The user's write and a recovery may happen at the same time, and the write
 * cannot be done under a lock, because it copies from the user. So the writer
 * checks afterwards whether a recovery came in between, and then sets memory
 * decoding again as vfio-pci remembers it. The rest of the write met a link
 * that was down, and is lost as on any machine.
 */
#include <linux/cleanup.h>
#include <linux/compiler.h>
#include <linux/lockdep.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/vfio_pci_core.h>

#include "pci.h"

/* Whether INTx is disabled is vfio-pci's and the kernel's business */
#define USERS_BITS	((u16)~PCI_COMMAND_INTX_DISABLE)

/* The register; all ones, which it never is, while the link is down */
static u16 get_command(struct pci_dev *pdev)
{
	u16 command = U16_MAX;

	pci_read_config_word(pdev, PCI_COMMAND, &command);
	return command;
}

/*
 * The same as a user reads it: not during a reset, which saves and restores it.
 * Code that holds off users does not take command_lock.
 */
static u16 get_users_command(struct pci_dev *pdev)
{
	u16 command = U16_MAX;

	pci_user_read_config_word(pdev, PCI_COMMAND, &command);
	return command;
}

/* What vfio-pci remembers itself is right whatever has become of the write */
static u16 decoding(const struct coherent_function *fn)
{
	const __le16 *virt = (const __le16 *)&fn->cdev->core.vconfig[PCI_COMMAND];

	return le16_to_cpu(READ_ONCE(*virt)) &
	       (PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
}

/*
 * The current value, if it can be read. From the time that the link is frozen
 * until it is restored, it has the value that the reset of the link left.
 */
static void remember(struct coherent_function *fn)
	__must_hold(&fn->command_lock)
{
	u16 command = get_users_command(fn->cdev->core.pdev);

	lockdep_assert_held(&fn->command_lock);
	if (!PCI_POSSIBLE_ERROR(command) &&
	    !coherent_gate_is(&fn->ap, COHERENT_SHUT_FROZEN))
		fn->command = command;
}

/* The value to set: the user's own bits, the others as in @command */
static u16 wanted(const struct coherent_function *fn, u16 command)
	__must_hold(&fn->command_lock)
{
	command = (command & ~USERS_BITS) | (fn->command & USERS_BITS);
	command &= ~(PCI_COMMAND_MEMORY | PCI_COMMAND_IO);
	return command | decoding(fn);
}

/**
 * coherent_command_open() - from now on it is the user's
 * @fn: the function, enabled by vfio-pci
 *
 * Context: may sleep; takes command_lock.
 */
void coherent_command_open(struct coherent_function *fn)
{
	guard(mutex)(&fn->command_lock);
	remember(fn);
	fn->command_is_users = true;
}

/**
 * coherent_command_close() - it is not the user's any more
 * @fn: the function, not yet disabled by vfio-pci
 *
 * Context: may sleep; takes command_lock.
 */
void coherent_command_close(struct coherent_function *fn)
{
	guard(mutex)(&fn->command_lock);
	fn->command_is_users = false;
}

/**
 * coherent_command_write_begin() - the user is about to write it
 * @fn: the function, open
 *
 * Context: any.
 * Return: to be given to coherent_command_write_end().
 */
unsigned long coherent_command_write_begin(struct coherent_function *fn)
{
	return READ_ONCE(fn->recoveries);
}

/**
 * coherent_command_write_end() - the user has written it
 * @fn: the function, open
 * @recoveries: from coherent_command_write_begin()
 *
 * Context: may sleep; takes command_lock.
 */
void coherent_command_write_end(struct coherent_function *fn,
				unsigned long recoveries)
{
	struct pci_dev *pdev = fn->cdev->core.pdev;

	guard(mutex)(&fn->command_lock);
	if (fn->recoveries != recoveries && fn->command_is_users)
		pci_user_write_config_word(pdev, PCI_COMMAND,
					   wanted(fn, get_users_command(pdev)));
	remember(fn);
}

/**
 * coherent_command_restore() - the link was reset without a callback
 * @fn: the function, which answers again
 *
 * Restores all that was saved of config space, and then what the user has set
 * since.
 *
 * Context: the device's lock is held; may sleep; takes command_lock.
 */
void coherent_command_restore(struct coherent_function *fn)
{
	struct pci_dev *pdev = fn->cdev->core.pdev;

	/* What was saved stays valid, however often it is restored */
	pdev->state_saved = true;
	pci_restore_state(pdev);

	guard(mutex)(&fn->command_lock);
	WRITE_ONCE(fn->recoveries, fn->recoveries + 1);
	if (fn->command_is_users)
		pci_write_config_word(pdev, PCI_COMMAND,
				      wanted(fn, get_command(pdev)));
}
