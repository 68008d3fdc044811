#include "tests/packet/esp_line.h"

#include <gtest/gtest.h>

#include <utility>

namespace skyhop::dataplane {

EspLine::EspLine(ipsec::Transform transform) {
  ipsec::EspSpec spec;
  spec.transform = transform;
  spec.source = kNearOuter;
  spec.destination = kFarOuter;
  image.links[tunnel].esp = spec;
  image.links[tunnel].kind = LinkKind::tunnel;
  std::swap(spec.source, spec.destination);
  image.links[back].esp = spec;
  image.links[back].kind = LinkKind::tunnel;
  route(entry, "10.0.2.0/24", {forward_over(entry, into_near)});
  route(entry, "10.0.1.0/24", {deliver(entry, source)});
  route(near, "10.0.2.0/24", {forward_over(near, tunnel)});
  route(near, "10.0.1.0/24", {forward_over(near, into_near_fabric)});
  route(far, "10.0.2.0/24", {forward_over(far, into_far_fabric)});
  route(far, "10.0.1.0/24", {far_to_near});
  route(end, "10.0.2.0/24", {deliver(end, sink)});
  route(end, "10.0.1.0/24", {forward_over(end, into_far)});
}

std::string EspLine::keep(const std::vector<Frame>& frames) {
  std::string file = temporary_file("frames.pcap");
  write_capture(file, frames);
  return file;
}

void EspLine::arrive(const std::vector<Frame>& frames) {
  image.replays.push_back({.file = keep(frames), .loops = 1, .link = tunnel});
}

std::string EspLine::capture(LinkIndex link) {
  return image.links[link].capture_file = temporary_file("link.pcap");
}

std::vector<Frame> sealed_on_the_wire(ipsec::Transform transform, const std::vector<Frame>& sent) {
  EspLine line(transform);
  const std::string file = line.capture(line.tunnel);
  line.send(line.source, sent);
  const Outcome outcome = line.run();
  EXPECT_EQ(outcome.counters.delivered, sent.size());
  return read_capture(file);
}

}  // namespace skyhop::dataplane
