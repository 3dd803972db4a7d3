# SPDX-License-Identifier: GPL-2.0-only
"""The macros in our tables of operations, as the files that are looked at or
this repository have them."""
import re

# From the line that defines it to the first that is not continued
COMMON = re.compile(r"^#define COHERENT_VFIO_OPS_COMMON.*\n(?:(?:.*\\)?\n)*.*(?:\n|\Z)",
                    re.MULTILINE)
# Inside a macro spatch expands no other
INSIDE = {
    "COMPAT_MATCH_TOKEN_OP": ".match_token_uuid = vfio_pci_core_match_token_uuid,",
    "COMPAT_PASID_OPS":
        ".pasid_attach_ioas = vfio_iommufd_physical_pasid_attach_ioas, "
        ".pasid_detach_ioas = vfio_iommufd_physical_pasid_detach_ioas,",
}


def text(fixed, files, repo):
    """What a macro file for `files' has in it, beside what `fixed' says."""
    header = next((name for name in files if name.endswith("/coherent_vfio.h")),
                  repo / "include/coherent_vfio.h")
    with open(header, encoding="utf-8", errors="replace") as source:
        common = "".join(COMMON.findall(source.read()))
    for name, meaning in INSIDE.items():
        common = common.replace(name, meaning)
    return fixed.read_text(encoding="utf-8") + common
