#include "control/report/json.h"

#include <nlohmann/json.hpp>

namespace skyhop::report {

std::string dump(const Json& json) {
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

Json to_json(const Error& error) {
  Json json = {{"what", error.what}};
  if (!error.where.empty()) json["where"] = error.where;
  if (!error.hint.empty()) json["hint"] = error.hint;
  return json;
}

Json to_json(const lab::Diagnostics& diagnostics, const std::string& file) {
  Json list = Json::array();
  for (const lab::Diagnostic& d : diagnostics) {
    Json item = {{"severity", d.severity == lab::Severity::error ? "error" : "warning"},
                 {"file", file},
                 {"line", d.mark.line},
                 {"column", d.mark.column},
                 {"path", d.path},
                 {"message", d.message}};
    if (!d.rule.empty()) item["rule"] = d.rule;
    list.push_back(std::move(item));
  }
  return list;
}

}  // namespace skyhop::report
