// SPDX-License-Identifier: GPL-2.0-only
/// A device that vfio_pci_core_enable() has enabled must be made usable with
/// vfio_pci_core_finish_enable(), or be given up with vfio_pci_core_disable(),
/// on every path out of the function. Else the VFIO core, told of an error,
/// never calls close_device(), and the function stays enabled with its BARs
/// claimed.
///
// Confidence: High
// Comments: the path on which enabling itself failed is not looked at
// Options: --no-includes

virtual report
virtual org

@leak exists@
expression ret, vdev;
statement S;
position p, q;
@@
(
ret = vfio_pci_core_enable@p(vdev);
if (<+... ret ...+>) S
|
if (vfio_pci_core_enable@p(vdev)) S
)
... when != vfio_pci_core_finish_enable(...)
    when != vfio_pci_core_disable(...)
    when != vfio_pci_core_close_device(...)
    when any
return@q ...;

@unchecked@
expression vdev;
position p;
@@
vfio_pci_core_enable@p(vdev);

@script:python depends on report@
p << leak.p;
q << leak.q;
@@
coccilib.report.print_report(q[0], "the device enabled on line %s is neither finished nor disabled on this path" % p[0].line)

@script:python depends on org@
p << leak.p;
q << leak.q;
@@
coccilib.org.print_todo(q[0], "the device enabled on line %s is neither finished nor disabled on this path" % p[0].line)

@script:python depends on report@
p << unchecked.p;
@@
coccilib.report.print_report(p[0], "whether the device could be enabled is not checked")

@script:python depends on org@
p << unchecked.p;
@@
coccilib.org.print_todo(p[0], "whether the device could be enabled is not checked")
