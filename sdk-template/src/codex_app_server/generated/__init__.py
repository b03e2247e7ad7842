"""The protocol's types, generated from the pinned runtime's own schema by `relkit generate-types`.

Nothing here is edited by hand.
"""

RUNTIME_VERSION = "0.163.0"
SCHEMA_SHA256 = "1d376842fd5c8ba31339ad5cdb661175ff58a8187db73ff64fa53ab4bec6de63"
SCHEMA_MODE = "stable"
