#include "tests/unit/ipsec/rig.h"

#include <rte_mbuf.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "dataplane/eal.h"

namespace skyhop::dataplane::ipsec {
namespace {

rte_mempool* pool = nullptr;

class EalEnvironment : public testing::Environment {
 public:
  void SetUp() override {
    EalOptions options;
    options.allow_hugepages = false;
    options.memory_mb = 512;
    options.file_prefix = "unit_ipsec_" + std::to_string(getpid());
    const auto info = start_eal(options);
    ASSERT_TRUE(info) << info.error().to_string();
    // As the data plane has them: room for the headers in front, and for padding and ICV behind.
    constexpr uint16_t kRoom = RTE_PKTMBUF_HEADROOM + 2048 + 64;
    pool =
        rte_pktmbuf_pool_create("unit-ipsec", 1023, 0, 64, kRoom, static_cast<int>(SOCKET_ID_ANY));
    ASSERT_NE(pool, nullptr);
  }
  void TearDown() override {
    EXPECT_EQ(rte_mempool_avail_count(pool), 1023u) << "a buffer was lost";
  }
};

const auto* const kEnvironment = testing::AddGlobalTestEnvironment(new EalEnvironment);

unsigned number = 0;

}  // namespace

std::string test_name(Transform transform) {
  std::string name = to_string(transform);
  std::ranges::replace(name, '/', '_');
  return name;
}

Frame packet(uint16_t flow, uint32_t number_in_flow, size_t frame_size) {
  std::vector<uint8_t> payload(4);
  std::memcpy(payload.data(), &number_in_flow, sizeof number_in_flow);
  return pcap::PacketBuilder()
      .ipv4({10, 0, 1, 4}, {10, 0, 2, 4})
      .udp(flow, 80)
      .payload(pcap::Bytes(payload))
      .frame_size(frame_size)
      .frame();
}

std::vector<Frame> packets(uint32_t count, size_t frame_size) {
  std::vector<Frame> frames;
  for (uint32_t i = 0; i < count; ++i) {
    frames.push_back(packet(static_cast<uint16_t>(1000 + i % 5), i, frame_size));
  }
  return frames;
}

std::vector<uint8_t> ip_of(const Frame& frame) {
  const size_t length = frame[kEthernet + 2] << 8 | frame[kEthernet + 3];
  return {frame.begin() + kEthernet, frame.begin() + static_cast<ptrdiff_t>(kEthernet + length)};
}

std::vector<Frame> Passed::good() const {
  std::vector<Frame> out;
  for (size_t i = 0; i < frames.size(); ++i) {
    if (faults[i] == Fault::none) out.push_back(frames[i]);
  }
  return out;
}

uint32_t Passed::count(Fault fault) const {
  return static_cast<uint32_t>(std::ranges::count(faults, fault));
}

Passed pass(Tunnel& tunnel, Workspace& workspace, Step step, const std::vector<Frame>& frames) {
  const auto parcel = std::make_unique<Parcel>();
  parcel->count = static_cast<uint32_t>(frames.size());
  EXPECT_EQ(rte_pktmbuf_alloc_bulk(pool, parcel->packet.data(), parcel->count), 0);
  for (uint32_t i = 0; i < parcel->count; ++i) {
    rte_mbuf* packet = parcel->packet[i];
    char* octets = rte_pktmbuf_append(packet, static_cast<uint16_t>(frames[i].size()));
    std::ranges::copy(frames[i], reinterpret_cast<uint8_t*>(octets));
    parcel->hash[i] =
        frames[i].size() > kEthernet + kIpv4 + 2
            ? lpm::flow_hash(
                  {.source = {},
                   .destination = {},
                   .source_port = static_cast<uint16_t>(frames[i][34] << 8 | frames[i][35]),
                   .destination_port = 80,
                   .protocol = 17})
            : 0;
  }
  Passed passed;
  passed.bad = (tunnel.*step)(workspace, *parcel);
  for (uint32_t i = 0; i < parcel->count; ++i) {
    const rte_mbuf* packet = parcel->packet[i];
    EXPECT_EQ(packet->nb_segs, 1);
    EXPECT_EQ(packet->pkt_len, packet->data_len);
    EXPECT_EQ(packet->ol_flags, 0u);
    const auto* octets = rte_pktmbuf_mtod(packet, const uint8_t*);
    passed.frames.emplace_back(octets, octets + packet->data_len);
    passed.faults.push_back(parcel->fault[i]);
  }
  rte_pktmbuf_free_bulk(parcel->packet.data(), parcel->count);
  EXPECT_EQ(passed.bad, passed.frames.size() - passed.count(Fault::none));
  return passed;
}

EspSpec spec_of(Transform transform) {
  EspSpec spec;
  spec.transform = transform;
  spec.source = kHere;
  spec.destination = kThere;
  return spec;
}

Pair::Pair(const EspSpec& spec, const std::string& name) {
  auto qsbr = lpm::Qsbr::create(1);
  if (!qsbr) {
    ADD_FAILURE() << qsbr.error().to_string();
    std::abort();
  }
  qsbr_ = std::move(*qsbr);
  auto control = Control::create({{.index = 7, .name = name, .spec = spec}}, 1, ++number, *qsbr_);
  if (!control) {
    ADD_FAILURE() << control.error().to_string();
    std::abort();
  }
  control_ = std::move(*control);
}

Pair::~Pair() = default;

Passed Pair::seal(const std::vector<Frame>& frames) {
  return pass(tunnel(), workspace(), &Tunnel::seal, frames);
}

Passed Pair::open(const std::vector<Frame>& frames) {
  return pass(tunnel(), workspace(), &Tunnel::open, frames);
}

std::vector<Frame> Pair::sealed(const std::vector<Frame>& frames) {
  Passed out = seal(frames);
  EXPECT_EQ(out.bad, 0u);
  return std::move(out.frames);
}

AssociationRecord Pair::current(uint32_t tunnel) const {
  for (AssociationRecord& record : control_->records()) {
    if (record.state == AssociationRecord::State::current && record.tunnel == tunnel) return record;
  }
  ADD_FAILURE() << "no current SA";
  return {};
}

uint32_t Pair::count(AssociationRecord::State state) const {
  return static_cast<uint32_t>(
      std::ranges::count(control_->records(), state, &AssociationRecord::state));
}

}  // namespace skyhop::dataplane::ipsec
