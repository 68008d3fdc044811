#include "control/report/table.h"

#include <algorithm>

#include "control/report/text.h"

namespace skyhop::report {
namespace {

constexpr unsigned kGap = 2;       // spaces between columns
constexpr unsigned kSmallest = 8;  // a narrowed column keeps at least so much

std::string repeat(std::string_view unit, unsigned times) {
  std::string line;
  line.reserve(unit.size() * times);
  for (unsigned i = 0; i < times; ++i) line += unit;
  return line;
}

void strip_trailing_spaces(std::string& line) { line.erase(line.find_last_not_of(' ') + 1); }

// A cell as the lines it takes in a column of this width.
std::vector<std::string> lines_of(const Column& column, const std::string& text, unsigned width,
                                  Charset charset) {
  if (column.narrow == Narrow::wrap) return wrap(text, width);
  if (column.narrow == Narrow::truncate) return {truncate(text, width, charset)};
  return {text};
}

}  // namespace

Table::Table(std::vector<Column> columns, std::string title)
    : columns_(std::move(columns)), title_(std::move(title)) {}

void Table::add(std::vector<Cell> cells) {
  cells.resize(columns_.size(), Cell(""));
  for (Cell& cell : cells) cell.text = printable(cell.text);
  rows_.push_back(std::move(cells));
}

void Table::add_gap() { rows_.emplace_back(); }

std::vector<unsigned> Table::fit(unsigned width) const {
  std::vector<unsigned> widths;
  unsigned total = kGap * static_cast<unsigned>(columns_.empty() ? 0 : columns_.size() - 1);
  for (size_t i = 0; i < columns_.size(); ++i) {
    unsigned widest = display_width(columns_[i].title);
    for (const auto& row : rows_) {
      if (!row.empty()) widest = std::max(widest, display_width(row[i].text));
    }
    widths.push_back(widest);
    total += widest;
  }
  // The widest column that may give way loses a column at a time, so the burden is shared.
  while (width != 0 && total > width) {
    size_t victim = columns_.size();
    for (size_t i = 0; i < columns_.size(); ++i) {
      const unsigned floor = std::max(kSmallest, display_width(columns_[i].title));
      if (columns_[i].narrow == Narrow::keep || widths[i] <= floor) continue;
      if (victim == columns_.size() || widths[i] > widths[victim]) victim = i;
    }
    if (victim == columns_.size()) break;
    --widths[victim];
    --total;
  }
  return widths;
}

std::string Table::render(const Style& style) const {
  const std::vector<unsigned> widths = fit(style.width);
  std::string out;
  if (!title_.empty()) out += paint(printable(title_), Tone::strong, style) + "\n";

  // One text line of a row. Spaces are added outside of the colour and never at the end.
  const auto add_line = [&](const auto& text_of, const auto& tone_of) {
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      const std::string text = text_of(i);
      const unsigned used = display_width(text);
      const std::string pad(widths[i] > used ? widths[i] - used : 0, ' ');
      if (i != 0) line.append(kGap, ' ');
      const std::string painted = paint(text, tone_of(i), style);
      line += columns_[i].align == Align::right ? pad + painted : painted + pad;
    }
    strip_trailing_spaces(line);
    out += line + "\n";
  };

  const std::string_view dash = style.charset == Charset::utf8 ? "─" : "-";
  add_line([&](size_t i) { return columns_[i].title; }, [](size_t) { return Tone::strong; });
  add_line([&](size_t i) { return repeat(dash, widths[i]); }, [](size_t) { return Tone::dim; });
  for (const auto& row : rows_) {
    if (row.empty()) {
      out += "\n";
      continue;
    }
    std::vector<std::vector<std::string>> lines;
    size_t height = 1;
    for (size_t i = 0; i < columns_.size(); ++i) {
      lines.push_back(lines_of(columns_[i], row[i].text, widths[i], style.charset));
      height = std::max(height, lines.back().size());
    }
    for (size_t n = 0; n < height; ++n) {
      add_line([&](size_t i) { return n < lines[i].size() ? lines[i][n] : std::string(); },
               [&](size_t i) { return row[i].tone; });
    }
  }
  return out;
}

}  // namespace skyhop::report
