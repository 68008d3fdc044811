// What `skyhop bench` measured, for people and for programs.
#pragma once

#include <string>
#include <vector>

#include "control/report/json.h"
#include "control/report/style.h"
#include "lpm/table_bench.h"

namespace skyhop::cli {

struct TableBench {
  std::string memory;                      ///< what EAL says of its pages
  std::vector<lpm::TableFigures> figures;  ///< those of one size follow each other
  [[nodiscard]] std::vector<uint32_t> sizes() const;
};

[[nodiscard]] std::string table_bench_text(const TableBench& bench, const report::Style& style);
[[nodiscard]] report::Json table_bench_json(const TableBench& bench);

}  // namespace skyhop::cli
