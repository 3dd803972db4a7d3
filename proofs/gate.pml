/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who touches the memory, and all that can come in between, in every order.
 *
 * The state machine is gate_state.c itself, compiled into the model; around it
 * stand gate.c, access.c and, of pci/, reset.c, config.c, sleep.c and device.c
 * with their locks, step by step, and of the kernel what they run in: vfio-pci,
 * runtime PM and the PCI core's resets and error recovery. What the device really is stands
 * beside it, in variables of its own that none of the code under proof reads but
 * by asking. Each process does its deed ROUNDS times.
 *
 * Claimed in every state that can be reached:
 *
 *  - nothing is copied and no mapping is alive while the device is reset, its
 *    link is down, it has no power, nobody has it open, or its memory is not
 *    ready; nor if nobody has seen it ready since it could last have lost that;
 *  - nobody asks whether it is ready meanwhile either (but the last);
 *  - no access is told that time is over while the device keeps its limits;
 *  - who reads the error eventfd finds the gate shut;
 *  - there is no deadlock, and nobody sleeps on through an event.
 *
 * And in proofs named ..._ends: every access ends, if the scheduler is fair.
 *
 * What each proof has in it (scripts/prove reads this); for make check-long those
 * that take minutes:
 *
 * proof gate_resets: -DVFIO_RESET -DSYSFS_RESET -DCONFIG_COMMAND
 * proof gate_maps: -DSECOND=true -DVFIO_RESET -DSYSFS_RESET
 * proof gate_copies: -DFIRST=false -DVFIO_RESET -DSYSFS_RESET
 * proof gate_locks: -DFAIR -DVFIO_RESET -DSYSFS_RESET
 * proof gate_d3: -DCONFIG_D3 -DVFIO_RESET
 * proof gate_power: -DLOW_POWER
 * proof gate_power_reset: -DLOW_POWER -DVFIO_RESET
 * proof gate_power_close: -DLOW_POWER -DCLOSE
 * proof gate_errors: -DAER -DSYSFS_RESET
 * proof gate_errors_vfio: -DAER -DVFIO_RESET
 * proof gate_errors_d3: -DALONE -DAER -DCONFIG_D3
 * proof gate_errors_close: -DAER -DCLOSE
 * proof gate_untold: -DNOBODY_TELLS -DAER -DCLOSE
 * proof gate_sleep: -DSLEEP -DSYSFS_RESET
 * proof gate_sleep_errors: -DSLEEP -DAER
 * proof gate_close: -DCLOSE -DVFIO_RESET -DSYSFS_RESET
 * long gate_errors_d3_two: -DAER -DCONFIG_D3
 * long gate_power_d3: -DLOW_POWER -DCONFIG_D3
 * long gate_power_sysfs: -DLOW_POWER -DSYSFS_RESET
 * long gate_power_errors: -DALONE -DLOW_POWER -DAER
 * long gate_sleep_d3_ends: -DSLEEP -DCONFIG_D3
 * long gate_power_sleep: -DSLEEP -DLOW_POWER
 * long gate_close_errors: -DCLOSE -DAER -DSYSFS_RESET
 * proof gate_resets_ends: -DVFIO_RESET -DSYSFS_RESET
 * proof gate_errors_ends: -DAER
 * proof gate_power_ends: -DLOW_POWER
 * proof gate_sleep_ends: -DSLEEP
 * proof gate_never_ready_ends: -DFAIR -DNEVER_READY -DSYSFS_RESET -DSLEEP
 */

#ifndef ROUNDS
#define ROUNDS	1
#endif

c_decl {
\#include "gate_model.h"
}
c_track "&gate" "sizeof(gate)"
c_track "copies" "sizeof(copies)"
c_track "facts" "sizeof(facts)"

/*
 * Locks. Nobody else can tell when one was taken or released, only what was done
 * meanwhile: so each is one step with what comes after or before it. (An atomic
 * that has to wait is left, and entered again.)
 */
typedef rwsem {
	byte readers;
	byte waiting;		/* writers */
	bool writer;
}

rwsem memory_lock;		/* vfio_pci_core_device.memory_lock */
rwsem gate_lock;		/* coherent_gate.lock */
bool device_lock;		/* device_lock(pdev) */

#ifdef FAIR			/* a writer that waits keeps new readers out */
#define WAIT_TO_WRITE(sem)	sem.waiting++;
#define WAITED(sem)		sem.waiting--;
#else
#define WAIT_TO_WRITE(sem)
#define WAITED(sem)
#endif

inline down_read(sem)
{
	atomic { !sem.writer && !sem.waiting -> sem.readers++ }
}

inline up_read(sem)
{
	sem.readers--
}

inline down_write(sem)
{
	WAIT_TO_WRITE(sem)
	atomic {
		!sem.writer && !sem.readers ->
		WAITED(sem) sem.writer = true
	}
}

inline up_write(sem)
{
	sem.writer = false
}

inline lock_device()
{
	atomic { !device_lock -> device_lock = true }
}

inline unlock_device()
{
	device_lock = false
}

/*
 * The device, as it really is
 */
mtype = { ACTIVE, SUSPENDING, SUSPENDED, RESUMING };

mtype rpm = ACTIVE;		/* runtime PM */
byte usage;			/* its references, but for vfio-pci's own */
bool d3;			/* D3hot */
bool sleeping;			/* the whole system */
bool resetting;			/* a reset of the function runs */
bool bus_reset;			/* the recovery's */
bool link_frozen;
bool link_dead;
bool ready;			/* the memory */
bool seen;			/* somebody has seen so since it was not */
bool recovering;		/* an error is being handled */
bool unannounced;		/* a neighbour's, nobody has told us */
bool given_up;			/* without telling us, as older kernels do */

/* vfio-pci */
bool open_file;			/* userspace can do something */
bool tells;			/* has asked to be told of errors */
bool in_use;			/* between open_device and close_device */
byte users;			/* what it does at the moment */
bool engaged;			/* pm_runtime_engaged */
bool wakeup;			/* pm_wake_eventfd_ctx */
bool decoding = true;		/* vconfig's PCI_COMMAND_MEMORY */

/* What is done to the memory */
bool mapped;			/* page table entries are in place */
byte copying;

#define POWERED		((rpm == ACTIVE || rpm == RESUMING) && !d3 && !sleeping)
#define REACHABLE	(in_use && POWERED && !resetting && !bus_reset && \
			 !link_frozen && !link_dead)
#ifdef NOBODY_TELLS		/* there is no way to ask for readiness */
#define TOUCHABLE	REACHABLE
#else
#define TOUCHABLE	(REACHABLE && ready && seen)
#endif

#define ASKABLE	(unannounced || (REACHABLE && decoding))

/* The memory is about to be gone */
inline lose()
{
	assert(unannounced || (!mapped && !copying));
	ready = false; seen = false
}

proctype device()
{
end:	do
#ifndef NEVER_READY
	:: atomic { !ready && POWERED && !resetting && !bus_reset && !link_dead ->
		    ready = true }
#endif
	:: false
	od
}

/*
 * Longer than any time limit. The device keeps its own: it gets ready, and resets
 * and recoveries end, in time. No lock is held, and no change of power goes on,
 * for that long.
 */
#ifdef NEVER_READY	/* all that keeps time from passing must end by itself */
#define IN_TIME	(!device_lock && !recovering)
#else
#define IN_TIME	((ready || !POWERED || link_dead || link_frozen) &&	\
		 !device_lock && !gate_lock.readers && !recovering &&	\
		 !c_expr { gate.power_changes })
#endif

/*
 * gate.c
 */
bool queued[2];			/* in gate.wait */
bool asleep[2];

#define WAKE_UP		queued[0] = false; queued[1] = false

/* In one step: nobody looks at the state meanwhile but at its word "shut" */
#define HAPPENS(event)							\
	WAIT_TO_WRITE(gate_lock)					\
	atomic {							\
		!gate_lock.writer && !gate_lock.readers ->		\
		WAITED(gate_lock)					\
		c_code { coherent_gate_apply(&gate, event, NOW); };	\
		WAKE_UP							\
	}

inline revoke()
{
	mapped = false
}

#define SHUTS(event)	HAPPENS(event); revoke()

#define IS_SHUT(reasons)	c_expr { gate.shut & (reasons) }

/* Sleeps, and no event has come */
#define WAITS(id)	(asleep[id] && queued[id])

proctype time()
{
end:	do
	:: atomic { IN_TIME && (WAITS(0) || WAITS(1) || c_expr {
			gate.reset_since | gate.frozen_since |
			gate.pending_since | facts[0].began | facts[1].began }) ->
		    c_code { model_time_passes(); };
		    /* Whom only that wakes missed an event, or there was none */
		    assert((!WAITS(0) && !WAITS(1)) ||
			   IS_SHUT(COHERENT_SHUT_FOR_NOW));
		    WAKE_UP }
	od
}

/*
 * Runtime PM
 */
inline resume()
{
	do
	:: atomic { rpm == ACTIVE -> break }
	:: atomic { rpm == SUSPENDED -> rpm = RESUMING };
		atomic {
			down_write(memory_lock);
			if
			:: wakeup -> wakeup = false; engaged = false
			:: else
			fi;
			up_write(memory_lock)
		}
		atomic { rpm = ACTIVE; break }
	od
}

inline pm_get()
{
	usage++;
	resume()
}

inline pm_put()
{
	usage--
}

#define MAY_SUSPEND	((engaged || !in_use) && !usage && rpm == ACTIVE)

#ifdef LOW_POWER
proctype pm_core()
{
	byte i;

end:	do
	:: atomic { i < ROUNDS && MAY_SUSPEND -> rpm = SUSPENDING; i++ };
		atomic { down_write(memory_lock); d3 = false; up_write(memory_lock) }
		atomic { lose(); rpm = SUSPENDED }
	od
}

/* It wakes by itself, or another than VFIO wakes it */
proctype wake_event()
{
	byte i;

end:	do
	:: atomic { i < ROUNDS && rpm == SUSPENDED -> i++ };
		resume()
	od
}
#endif

/*
 * access.c: fault.c maps, pci/file.c and copy.c copy
 */
#define EIO		5
#define EAGAIN		11
#define EHOSTDOWN	112
#define ENODEV		19
#define ETIME		62

short done;			/* accesses that have ended */
bool let_in[2];

#ifdef NEVER_READY
#define TOLD_IN_TIME	skip
#else
#define TOLD_IN_TIME	assert(ret != -ETIME || given_up || unannounced)
#endif

#ifdef ALONE
#define ALL	1
#else
#define ALL	2
#endif
#ifndef FIRST
#define FIRST	true		/* maps */
#endif
#ifndef SECOND
#define SECOND	false		/* copies */
#endif

/* Both were let in, as both may be; see scripts/prove --selftest */
#ifndef PROOF_REACHED
#define REACHED	false
#elif defined(NEVER_READY)
#define REACHED	(done == ALL)
#else
#define REACHED	(done == ALL && let_in[0] && let_in[ALL - 1])
#endif

proctype access(byte id; bool map)
{
	byte i;
	short ret, answer;
	bool awake;		/* holds a reference of runtime PM */
	bool begun;		/* has looked at the time */

	do
	:: i == ROUNDS -> break
	:: atomic { i < ROUNDS && open_file -> i++; users++ };
again:
		/* begin() and check() */
		atomic {
			down_read(memory_lock);
			down_read(gate_lock);
			c_code {
				struct coherent_gate_facts *f =
					&facts[Paccess->id];

				f->map = Paccess->map;
				f->may_ask = gate.shut || gate.pending;
				/* face.c */
				f->in_d3 = now.d3;
				f->low_power = now.engaged;
				f->decoding = (f->map || f->may_ask) &&
					now.decoding;
				f->ready_needs_bar = f->map || f->may_ask;
				if (!Paccess->begun && gate.shut) {
					f->began = NOW;
					Paccess->begun = true;
				}
				Paccess->ret = now.engaged && !Paccess->map &&
					!Paccess->awake ? -EHOSTDOWN :
					model_check(Paccess->id);
			};
			TOLD_IN_TIME
		}
		if
		:: ret == 1 ->
			/* ask() */
			atomic {
				if
#ifdef NOBODY_TELLS
				:: answer = 0
#else
				:: !ready ->
					assert(ASKABLE); answer = -EAGAIN
				:: ready ->
					assert(ASKABLE); answer = 0; seen = true
#endif
				fi
			}
			atomic {
				c_code {
					if (!Paccess->begun) {
						facts[Paccess->id].began = NOW;
						Paccess->begun = true;
					}
					Paccess->ret = model_answered(
						Paccess->id, Paccess->answer);
				};
				answer = 0;
				TOLD_IN_TIME
			}
		:: else
		fi;
		if
		:: atomic { ret == 0 && map ->
			assert(unannounced || (TOUCHABLE && decoding));
			let_in[id] = true;
			mapped = true };
		:: atomic { ret == 0 && !map ->
			assert(unannounced || TOUCHABLE);
			let_in[id] = true;
			copying++ };
			atomic { copying--; up_read(gate_lock); up_read(memory_lock) };
			goto out
		:: else
		fi;
		atomic { up_read(gate_lock); up_read(memory_lock) };
		if
		:: atomic { ret == -EHOSTDOWN ->
				/* copy.c */
				c_code { model_forget(Paccess->id); };
				ret = 0; begun = false; awake = true; usage++ };
			resume();
			goto again
		:: ret == -EAGAIN ->
			/* coherent_access_pause() */
			queued[id] = true;
			if
			:: atomic { c_expr {
					gate.shut && !(gate.shut & ~COHERENT_SHUT_FOR_NOW)
				    } -> asleep[id] = true };
				atomic { !queued[id] -> asleep[id] = false }
			:: else ->
				queued[id] = false
			fi;
			goto again
		:: else
		fi;
out:		atomic {
			c_code { model_forget(Paccess->id); };
			ret = 0; begun = false;
			if
			:: awake -> pm_put(); awake = false
			:: else
			fi;
			users--
		}
	od;
	atomic {
		done++;
		assert(!REACHED)
	}
}

/*
 * Resets that are announced: reset.c around what the PCI core does
 */
inline reset_function()
{
	SHUTS(COHERENT_GATE_RESET_BEGINS);
	atomic {
		lose();
		d3 = false; link_dead = false; resetting = true
	}
	atomic { resetting = false; HAPPENS(COHERENT_GATE_RESET_ENDS) }
}

#ifdef VFIO_RESET
proctype vfio_reset()
{
	byte i;

end:	do
	:: atomic { i < ROUNDS && open_file -> i++; users++ };
		pm_get();
		atomic { down_write(memory_lock); revoke(); d3 = false };
		/* pci_try_reset_function() */
		if
		:: atomic { !device_lock -> device_lock = true };
			reset_function();
			unlock_device()
		:: device_lock
		fi;
		atomic { up_write(memory_lock); pm_put(); users-- }
	od
}
#endif

#ifdef SYSFS_RESET
proctype sysfs_reset()
{
	byte i;

end:	do
	:: atomic { i < ROUNDS -> i++ };
		pm_get();
		lock_device();
		reset_function();
		atomic { unlock_device(); pm_put() }
	od
}
#endif

/*
 * config.c: PMCSR and PCI_COMMAND
 */
#ifdef CONFIG_D3
proctype config_power(bool to_d3)
{
	byte i;

end:	do
	:: atomic { i < ROUNDS && open_file -> i++; users++ };
		HAPPENS(COHERENT_GATE_POWER_BEGINS);
		pm_get();
		atomic {
			down_write(memory_lock);
			if
			:: to_d3 && !d3 -> revoke(); lose()
			:: else
			fi;
			d3 = to_d3;
			up_write(memory_lock);
			pm_put()
		}
		atomic { HAPPENS(COHERENT_GATE_POWER_ENDS); users-- }
	od
}
#endif

#ifdef CONFIG_COMMAND
proctype config_command()
{
	byte i;

end:	do
	:: atomic { i < ROUNDS && open_file -> i++; users++ };
		pm_get();
		atomic {
			down_write(memory_lock);
			revoke();
			decoding = false;
			up_write(memory_lock)
		}
		atomic {
			down_write(memory_lock);
			decoding = true;
			up_write(memory_lock);
			pm_put();
			users--
		}
	od
}
#endif

/*
 * device.c: low power
 */
#ifdef LOW_POWER
proctype low_power()
{
	byte i;

end:	do
	:: atomic { i < ROUNDS && open_file -> i++; users++ };
		pm_get();
		HAPPENS(COHERENT_GATE_POWER_BEGINS);
		atomic {
			down_write(memory_lock);
			revoke();
			engaged = true;
			if
			:: wakeup = true
			:: wakeup = false
			fi;
			up_write(memory_lock)
		}
		atomic { HAPPENS(COHERENT_GATE_POWER_ENDS); pm_put() };

		pm_get();
		HAPPENS(COHERENT_GATE_POWER_BEGINS);
		atomic {
			down_write(memory_lock);
			engaged = false; wakeup = false;
			up_write(memory_lock)
		}
		atomic { HAPPENS(COHERENT_GATE_POWER_ENDS); pm_put(); users-- }
	od
}
#endif

/*
 * device.c: close and open
 */
#ifdef CLOSE
proctype close_open()
{
	byte i;

end:	do
	:: atomic { i < ROUNDS && open_file && !users ->
		    i++; open_file = false; tells = false; mapped = false };
		HAPPENS(COHERENT_GATE_CLOSED);
		/* vfio_pci_core_disable() */
		atomic {
			down_write(memory_lock);
			engaged = false; wakeup = false; usage++;
			up_write(memory_lock)
		}
		resume();
		atomic { d3 = false; lose(); in_use = false; pm_put() };

		/* vfio_pci_core_enable() */
		pm_get();
		if
		:: atomic { !device_lock -> device_lock = true };
			reset_function();
			unlock_device()
		:: true		/* it knows no reset of its own */
		fi;
		in_use = true;
		atomic { HAPPENS(COHERENT_GATE_OPENED); pm_put() };
		open_file = true;
		tells = true
	od
}
#endif

/*
 * reset.c: an error on the link, and what the PCI core makes of it
 */
#ifdef AER
/* The eventfd of errors */
inline tell_user()
{
	assert(!tells || IS_SHUT(~0))
}

proctype aer()
{
	byte i;
	bool dead;

end:	do
	:: atomic { i < ROUNDS -> i++; recovering = true };
		pm_get();
		if
		:: lock_device() ->
			/* coherent_error_detected() */
			SHUTS(COHERENT_GATE_FROZEN);
			atomic { tell_user(); unlock_device(); link_frozen = true }
		:: unannounced = true
		fi;
		/* The PCI core resets the bus, or cannot */
		if
		:: lock_device() ->
			atomic { lose(); d3 = false; bus_reset = true };
			atomic {
				bus_reset = false; link_frozen = false;
				unlock_device()
			}
			lock_device();
			/* coherent_slot_reset() */
			if
			:: IS_SHUT(COHERENT_SHUT_FROZEN)
			:: else ->
				SHUTS(COHERENT_GATE_FROZEN)
			fi;
			atomic {
				assert(!mapped && !copying);
				unannounced = false
			}
			if
			:: HAPPENS(COHERENT_GATE_RECOVERED)
			:: atomic { lose(); link_dead = true; dead = true };
				SHUTS(COHERENT_GATE_FAILED)
			fi;
			unlock_device()
		:: atomic { !unannounced -> lose();
			    link_frozen = false; link_dead = true; dead = true }
		fi;
		if
		:: atomic { !dead -> lock_device() };
			/* coherent_resume() */
			if
			:: IS_SHUT(COHERENT_SHUT_FROZEN) ->
				HAPPENS(COHERENT_GATE_RECOVERED)
			:: else
			fi;
			unlock_device()
		:: atomic { dead -> lock_device() };
			SHUTS(COHERENT_GATE_FAILED);
			atomic { tell_user(); unlock_device() }
		:: atomic { dead -> given_up = true }
		fi;
		atomic { dead = false; pm_put(); recovering = false }
	od
}
#endif

/*
 * sleep.c
 */
#ifdef SLEEP
proctype system_sleep()
{
	byte i;

end:	do
	:: atomic { i < ROUNDS -> i++ };
		pm_get();
		lock_device();
		SHUTS(COHERENT_GATE_SLEEPS);
		atomic { unlock_device(); lose(); sleeping = true };
		atomic { d3 = false; sleeping = false };
		lock_device();
		atomic { HAPPENS(COHERENT_GATE_WAKES); unlock_device(); pm_put() }
	od
}
#endif

init {
	atomic {
		c_code {
			coherent_gate_init(&gate);
			coherent_gate_apply(&gate, COHERENT_GATE_OPENED, NOW);
		};
		in_use = true; open_file = true; tells = true;
		run device();
		run time();
#ifdef LOW_POWER
		run pm_core();
		run wake_event();
		run low_power();
#endif
#ifdef VFIO_RESET
		run vfio_reset();
#endif
#ifdef SYSFS_RESET
		run sysfs_reset();
#endif
#ifdef CONFIG_D3
		run config_power(true);
		run config_power(false);
#endif
#ifdef CONFIG_COMMAND
		run config_command();
#endif
#ifdef CLOSE
		run close_open();
#endif
#ifdef AER
		run aer();
#endif
#ifdef SLEEP
		run system_sleep();
#endif
		run access(0, FIRST);
#ifndef ALONE
		run access(1, SECOND);
#endif
	}
}

ltl ends { <> (done == ALL) }
