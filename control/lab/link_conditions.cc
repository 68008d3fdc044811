#include "control/lab/link_conditions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <filesystem>
#include <variant>
#include <vector>

#include "control/lab/extends.h"
#include "control/lab/scalar.h"

namespace skyhop::lab {
namespace {

constexpr size_t kMaxSamples = 1'000'000;
constexpr Seconds kLongestSample{20};

std::expected<std::vector<Seconds>, std::string> read_samples(const std::string& file) {
  const auto text = read_lab_text(file);
  if (!text) return std::unexpected(text.error());
  std::vector<Seconds> samples;
  size_t line_number = 0;
  for (size_t begin = 0; begin < text->size();) {
    const size_t end = std::min(text->find('\n', begin), text->size());
    std::string line = text->substr(begin, end - begin);
    begin = end + 1;
    ++line_number;
    line.resize(std::min(line.find('#'), line.size()));
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos) continue;
    line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
    const auto sample = parse_duration(line);
    if (!sample) return std::unexpected(fmt::format("line {}: {}", line_number, sample.error()));
    if (*sample > kLongestSample) {
      return std::unexpected(fmt::format("line {}: a delay is at most 20s", line_number));
    }
    if (samples.size() == kMaxSamples) return std::unexpected("more than a million delays");
    samples.push_back(*sample);
  }
  if (samples.empty()) return std::unexpected("the file holds no delay");
  return samples;
}

std::string rate_text(Rate rate, std::string_view unit) {
  if (rate.per_second == 0) return "unlimited";
  const auto value = static_cast<double>(rate.per_second);
  if (value >= 1e9) return fmt::format("{:g} G{}", value / 1e9, unit);
  if (value >= 1e6) return fmt::format("{:g} M{}", value / 1e6, unit);
  if (value >= 1e3) return fmt::format("{:g} k{}", value / 1e3, unit);
  return fmt::format("{:g} {}", value, unit);
}

class JitterFiles {
 public:
  JitterFiles(const Lab& lab, Diagnostics& diagnostics) : lab_(lab), diagnostics_(diagnostics) {}

  void read(LinkConditions& conditions, const std::string& path) {
    if (!conditions.jitter_file) return;
    const std::string key = path + ".jitter_file";
    const auto mark = lab_.marks.find(key);
    const bool is_of_base = mark != lab_.marks.end() && !mark->second.file.empty();
    const std::filesystem::path lab_file = is_of_base ? mark->second.file : lab_.file;
    const auto file = lab_file.parent_path() / *conditions.jitter_file;
    auto samples = read_samples(file.string());
    if (samples) {
      conditions.jitter_samples = *std::move(samples);
    } else if (diagnostics_.size() < kMaxDiagnostics) {
      diagnostics_.push_back({Severity::error,
                              key,
                              fmt::format("{}: {}", *conditions.jitter_file, samples.error()),
                              "",
                              {}});
    }
  }

 private:
  const Lab& lab_;
  Diagnostics& diagnostics_;
};

}  // namespace

void LinkConditions::update(const LinkConditions& change) {
  const auto take = [&change, this](auto LinkConditions::* member) {
    if (change.*member) this->*member = change.*member;
  };
  take(&LinkConditions::rate);
  take(&LinkConditions::packet_rate);
  take(&LinkConditions::queue_packets);
  take(&LinkConditions::queue_bytes);
  take(&LinkConditions::delay);
  take(&LinkConditions::jitter_distribution);
  take(&LinkConditions::jitter_reorders);
  take(&LinkConditions::loss_percent);
  take(&LinkConditions::loss_burst);
  take(&LinkConditions::loss_in_burst_percent);
  take(&LinkConditions::duplicate_percent);
  take(&LinkConditions::corrupt_percent);
  take(&LinkConditions::reorder_percent);
  take(&LinkConditions::reorder_delay);
  // The one takes the other's place.
  if (change.jitter || change.jitter_file) {
    jitter = change.jitter;
    jitter_file = change.jitter_file;
    jitter_samples = change.jitter_samples;
  }
}

std::string problem_of(const LinkConditions& conditions) {
  constexpr uint64_t kLeastRate = 1000;
  const uint64_t rate = conditions.rate.value_or(Rate{}).per_second;
  if (rate != 0 && rate < kLeastRate) return "a rate is at least 1k, or 0 for none";
  const double loss = conditions.loss_percent.value_or(Percent{}).value / 100;
  const double in_burst = conditions.loss_in_burst_percent.value_or(Percent{100}).value / 100;
  const double burst = conditions.loss_burst.value_or(1);
  if (burst < 1) return "a burst of losses is at least one packet long";
  if (burst > 1 && loss > in_burst * burst / (burst + 1)) {
    return fmt::format(
        "bad periods of {:g} packets that lose {:g} % lose at most {:.3g} % of all packets", burst,
        in_burst * 100, in_burst * burst / (burst + 1) * 100);
  }
  const bool reorders = conditions.reorder_percent.value_or(Percent{}).value > 0;
  if (reorders && conditions.reorder_delay.value_or(Seconds{0}).count() <= 0) {
    return "reorder_percent needs reorder_delay: how long after its turn a packet comes";
  }
  return {};
}

std::string describe(const LinkConditions& conditions) {
  std::vector<std::string> parts;
  const auto add = [&parts](std::string text) { parts.push_back(std::move(text)); };
  const auto percent = [&add](const char* what, const std::optional<Percent>& share) {
    if (share) add(fmt::format("{} {:g} %", what, share->value));
  };
  if (conditions.rate) add("rate " + rate_text(*conditions.rate, "bit/s"));
  if (conditions.packet_rate) add("packet rate " + rate_text(*conditions.packet_rate, "pps"));
  if (conditions.queue_packets) add(fmt::format("queue {} packets", *conditions.queue_packets));
  if (conditions.queue_bytes) add(fmt::format("queue {} bytes", *conditions.queue_bytes));
  if (conditions.delay) add("delay " + to_string(*conditions.delay));
  if (conditions.jitter) {
    const bool is_normal = conditions.jitter_distribution == JitterDistribution::normal;
    add(fmt::format("jitter {} ({})", to_string(*conditions.jitter),
                    is_normal ? "normal" : "uniform"));
  }
  if (conditions.jitter_file) {
    add(fmt::format("jitter from {} ({} delays)", *conditions.jitter_file,
                    conditions.jitter_samples.size()));
  }
  if (conditions.jitter_reorders.value_or(false)) add("jitter reorders");
  percent("loss", conditions.loss_percent);
  if (conditions.loss_burst) add(fmt::format("in bursts of {:g} packets", *conditions.loss_burst));
  percent("loss in bursts", conditions.loss_in_burst_percent);
  percent("duplicates", conditions.duplicate_percent);
  percent("corrupts", conditions.corrupt_percent);
  percent("reorders", conditions.reorder_percent);
  if (conditions.reorder_delay) add("by " + to_string(*conditions.reorder_delay));
  return fmt::format("{}", fmt::join(parts, ", "));
}

void read_jitter_files(Lab& lab, Diagnostics& diagnostics) {
  JitterFiles files(lab, diagnostics);
  for (size_t i = 0; i < lab.links.size(); ++i) {
    files.read(lab.links[i], fmt::format("links[{}]", i));
  }
  for (TimelineEvent& event : lab.timeline) {
    if (auto* change = std::get_if<LinkConditions>(&event.action)) {
      files.read(*change, event.path + ".change_link");
    }
  }
}

}  // namespace skyhop::lab
