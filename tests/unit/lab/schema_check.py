"""The JSON Schema of the lab file accepts every lab of a folder, and refuses broken ones."""

import copy
import glob
import json
import os
import sys

try:
    import jsonschema
    import yaml
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

folder = sys.argv[1]
data = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
with open(os.path.join(folder, "lab.schema.json"), encoding="utf-8") as file:
    schema = json.load(file)
jsonschema.Draft202012Validator.check_schema(schema)
validator = jsonschema.Draft202012Validator(schema)
failures = 0


def load(name):
    with open(name, encoding="utf-8") as file:
        return yaml.safe_load(file)


labs = sorted(glob.glob(os.path.join(folder, "*.yaml"))) + [os.path.join(data, "every-key.yaml")]
for name in labs:
    for error in validator.iter_errors(load(name)):
        print(f"{name}: {list(error.absolute_path)}: {error.message[:200]}")
        failures += 1

whole = load(os.path.join(folder, "ars-multipeer.yaml"))


def refuses(what, change):
    global failures
    lab = copy.deepcopy(whole)
    change(lab)
    if validator.is_valid(lab):
        print(f"not refused: {what}")
        failures += 1


vng = lambda lab: lab["azurerm_virtual_network_gateway"]["vng"]
rule = lambda lab: lab["azurerm_network_security_group"]["spoke1-test-vm-nsg"]["security_rule"][0]
refuses("no name", lambda lab: lab.pop("lab"))
refuses("unknown section", lambda lab: lab.update(banana=1))
refuses("unknown key", lambda lab: vng(lab).update(banana=1))
refuses("missing key", lambda lab: vng(lab).pop("virtual_network_name"))
refuses("two spellings", lambda lab: vng(lab).update(enable_bgp=True))
refuses("wrong choice", lambda lab: vng(lab).update(sku="VpnGw9"))
refuses("wrong type", lambda lab: vng(lab).update(active_active="maybe"))
refuses("bad prefix", lambda lab: lab["aviatrix_spoke_gateway"]["spoke1"].update(cidr="10.0.0.0"))
refuses("range", lambda lab: rule(lab).update(priority=99))
refuses("rule without ports", lambda lab: rule(lab).pop("source_port_range"))
refuses("rule without name", lambda lab: rule(lab).pop("name"))
refuses("check of nothing", lambda lab: lab["checks"].append({"name": "nothing"}))
refuses("two checks in one", lambda lab: lab["checks"][0].update(no_route={}))
refuses("bad time", lambda lab: lab["checks"][0].update(at="soon"))

print(f"{len(labs)} labs, {failures} failures")
sys.exit(1 if failures else 0)
