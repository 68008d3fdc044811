// Tables for people: aligned columns that fit the terminal.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/report/style.h"

namespace skyhop::report {

enum class Align { left, right };

/// What a column does when the table is wider than the terminal.
enum class Narrow {
  keep,      ///< never: numbers, addresses
  truncate,  ///< cuts with an ellipsis
  wrap       ///< goes on in the next line
};

struct Column {
  std::string title;
  Align align = Align::left;
  Narrow narrow = Narrow::keep;
};

struct Cell {
  Cell(std::string t, Tone tn = Tone::plain) : text(std::move(t)), tone(tn) {}  // NOLINT
  Cell(std::string_view t, Tone tn = Tone::plain) : text(t), tone(tn) {}        // NOLINT
  Cell(const char* t, Tone tn = Tone::plain) : text(t), tone(tn) {}             // NOLINT
  std::string text;
  Tone tone;
};

/// Rows are rendered in the order they were added. A row may have fewer cells than columns.
class Table {
 public:
  explicit Table(std::vector<Column> columns, std::string title = {});

  void add(std::vector<Cell> cells);
  /// A blank line between groups of rows.
  void add_gap();
  [[nodiscard]] bool is_empty() const { return rows_.empty(); }

  /// Title, header, rule and rows; every line ends with a newline and without trailing spaces.
  [[nodiscard]] std::string render(const Style& style) const;

 private:
  [[nodiscard]] std::vector<unsigned> fit(unsigned width) const;

  std::vector<Column> columns_;
  std::string title_;
  std::vector<std::vector<Cell>> rows_;  // an empty row is a gap
};

}  // namespace skyhop::report
