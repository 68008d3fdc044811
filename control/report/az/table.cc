#include "control/report/az/table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string_view>

#include "control/report/text.h"

namespace skyhop::report::az {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

constexpr std::array<std::string_view, 4> kSkipped = {"id", "type", "etag", "revision"};

std::string text_of(const Json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return printable(value.get<std::string>());
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (!value.is_array()) return value.dump();
  std::string words;
  for (const Json& item : value) words += (words.empty() ? "" : " ") + text_of(item);
  return words;
}

std::string render(const Row& titles, const std::vector<Row>& rows) {
  std::vector<size_t> widths;
  for (size_t i = 0; i < titles.size(); ++i) {
    size_t width = titles[i].size() + 2;
    for (const Row& row : rows) width = std::max<size_t>(width, display_width(row[i]));
    widths.push_back(width);
  }
  std::string out;
  const auto add = [&](const auto& cell) {
    std::string line;
    for (size_t i = 0; i < widths.size(); ++i) {
      const std::string text = cell(i);
      if (i > 0) line += "  ";
      line += text + std::string(widths[i] - display_width(text), ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  };
  add([&](size_t i) { return titles[i]; });
  add([&](size_t i) { return std::string(widths[i], '-'); });
  for (const Row& row : rows) add([&](size_t i) { return row[i]; });
  return out;
}

}  // namespace

std::string table(const Json& rows, std::span<const TableColumn> columns) {
  Row titles;
  for (const TableColumn& column : columns) titles.push_back(column.title);
  std::vector<Row> texts;
  for (const Json& row : rows) {
    Row& cells = texts.emplace_back();
    for (const TableColumn& column : columns) {
      const Json::json_pointer place("/" + column.key);
      cells.push_back(row.contains(place) ? text_of(row.at(place)) : std::string());
    }
  }
  return texts.empty() ? std::string() : render(titles, texts);
}

std::string table_of_object(const Json& object) {
  Row titles;
  Row cells;
  for (const auto& [key, value] : object.items()) {
    if (value.is_null() || value.is_structured() || std::ranges::count(kSkipped, key) > 0) continue;
    std::string title = key;
    title.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(title.front())));
    titles.push_back(std::move(title));
    cells.push_back(text_of(value));
  }
  return titles.empty() ? std::string() : render(titles, {cells});
}

}  // namespace skyhop::report::az
