"""Says, as JSON, what is wrong with CycloneDX documents: by their schema, and with their purls."""

import json
import sys
from pathlib import Path

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL


def faults(text):
    document = json.loads(text)
    version = SchemaVersion[f"V{document['specVersion'].replace('.', '_')}"]
    if (error := JsonStrictValidator(version).validate_str(text)) is not None:
        yield repr(error)
    for component in document["components"]:
        if (purl := PackageURL.from_string(component["purl"]).to_string()) != component["purl"]:
            yield f"{component['purl']} should be {purl}"


print(
    json.dumps([fault for path in sys.argv[1:] for fault in faults(Path(path).read_text("utf-8"))])
)
