/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef COHERENT_COMPAT_EXPORT_H
#define COHERENT_COMPAT_EXPORT_H

#include <linux/export.h>
#include <linux/module.h>

#ifndef COMPAT_HAS_STRING_NS	/* before 6.13 the namespace was a bare word */
#undef MODULE_IMPORT_NS
#define MODULE_IMPORT_NS(ns)		MODULE_INFO(import_ns, ns)
#undef EXPORT_SYMBOL_NS_GPL
#define EXPORT_SYMBOL_NS_GPL(sym, ns)	__EXPORT_SYMBOL(sym, "GPL", ns)
#endif

#endif
