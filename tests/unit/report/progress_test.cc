#include "control/report/progress.h"

#include <gtest/gtest.h>

#include <array>
#include <memory>

namespace skyhop::report {
namespace {

// Everything a Progress with this style writes for two updates and its end.
std::string written(const Style& style) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::tmpfile(), &std::fclose);
  if (!file) return "no temporary file";
  {
    Progress progress(file.get(), style);
    progress.update("converging");
    progress.update("converging");
    progress.update("forwarding 14.9 Mpps");
  }
  std::rewind(file.get());
  std::array<char, 256> buffer{};
  return {buffer.data(), std::fread(buffer.data(), 1, buffer.size(), file.get())};
}

TEST(Progress, IsSilentWithoutATerminal) { EXPECT_EQ(written({}), ""); }

TEST(Progress, RewritesOneLineAndClearsIt) {
  EXPECT_EQ(written({.charset = Charset::ascii, .width = 15}),
            "\rconverging\x1b[K\rforwarding 14~\x1b[K\r\x1b[K");
}

}  // namespace
}  // namespace skyhop::report
