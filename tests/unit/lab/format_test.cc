// The JSON Schema and the reference page are what the key tables say. SKYHOP_UPDATE=1 writes them.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "control/lab/keys.h"
#include "tests/unit/lab/lab_test.h"

namespace skyhop::lab {
namespace {

void expect_file(const std::string& name, const std::string& text) {
  const std::string file = source_path(name);
  if (std::getenv("SKYHOP_UPDATE") != nullptr) std::ofstream(file, std::ios::binary) << text;
  EXPECT_EQ(slurp(file), text) << "run unit_lab with SKYHOP_UPDATE=1 to write " << name;
}

TEST(Format, SchemaFileIsCurrent) { expect_file("configs/lab.schema.json", json_schema()); }
TEST(Format, ReferencePageIsCurrent) { expect_file("configs/FORMAT.md", format_reference()); }

TEST(Format, SchemaHasEveryKeyOfATable) {
  const auto schema = nlohmann::json::parse(json_schema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  for (const ObjectTable* table :
       {&table_of<Lab>(), &table_of<VirtualNetworkGateway>(), &table_of<SecurityRule>(),
        &table_of<TransitGateway>(), &table_of<TransitExternalDeviceConn>(),
        &table_of<CheckEntry>()}) {
    const auto& definition = schema["$defs"][table->name];
    EXPECT_EQ(definition["additionalProperties"], false) << table->name;
    EXPECT_EQ(definition["properties"].size(), table->keys.size()) << table->name;
    for (const Key& key : table->keys) {
      EXPECT_EQ(definition["properties"][key.name]["description"], key.doc) << key.name;
    }
  }
}

TEST(Format, SchemaKeepsDefaultsAndRanges) {
  const auto schema = nlohmann::json::parse(json_schema());
  const auto& transit = schema["$defs"]["aviatrix_transit_gateway"]["properties"];
  EXPECT_EQ(transit["ha_gw"]["default"], true);
  EXPECT_EQ(transit["bgp_polling_time"]["default"], "50s");
  EXPECT_EQ(transit["bgp_lan_interfaces_count"]["anyOf"][0]["maximum"], 7);
  EXPECT_FALSE(transit["local_as_number"].contains("default"));
}

TEST(Format, EveryKeyIsExplained) {
  const auto schema = nlohmann::json::parse(json_schema());
  for (const auto& [name, definition] : schema["$defs"].items()) {
    EXPECT_NE(definition["description"], "") << name;
    if (!definition.contains("properties")) continue;  // a kind of scalar
    for (const auto& [key, property] : definition["properties"].items()) {
      if (key == "name" && name.ends_with("-item")) continue;
      EXPECT_NE(property["description"], "") << name << "." << key;
    }
  }
}

}  // namespace
}  // namespace skyhop::lab
