// Sequence numbers and the replay window, held against a set that forgets nothing.
#include <random>
#include <set>

#include "dataplane/ipsec/association.h"
#include "tests/unit/ipsec/rig.h"

namespace skyhop::dataplane::ipsec {
namespace {

constexpr Transform kGcm{Cipher::aes_128_gcm, Integrity::none};
constexpr Transform kCbc{Cipher::aes_128_cbc, Integrity::hmac_sha1_96};

/// A tunnel whose only SA begins at a sequence number of our choice.
class Lone {
 public:
  Lone(Transform transform, SequenceNumbers numbers, uint32_t window, uint64_t first)
      : tunnel_(kHere, kThere, 1, 1, 4) {
    static unsigned number = 5000;
    ++number;
    engine_ = std::move(*Engine::create(std::string(default_driver(transform)), number, 1, 4));
    workspace_ = std::move(*Workspace::create(number, 0));
    AssociationSpec spec{.transform = transform,
                         .keys = make_keys(1, {}, transform),
                         .source = kHere,
                         .destination = kThere,
                         .sequence_numbers = numbers,
                         .replay_window = window,
                         .first_sequence = first};
    association_ = std::move(*Association::create(spec, *engine_));
    EXPECT_TRUE(tunnel_.admit(association_.get()));
    EXPECT_TRUE(tunnel_.provide(0, association_.get()));
  }
  Passed seal(const std::vector<Frame>& frames) {
    return pass(tunnel_, *workspace_, &Tunnel::seal, frames);
  }
  Passed open(const std::vector<Frame>& frames) {
    return pass(tunnel_, *workspace_, &Tunnel::open, frames);
  }

 private:
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<Association> association_;
  Tunnel tunnel_;
};

struct Case {
  Transform transform;
  SequenceNumbers numbers;
  uint32_t window;
  uint64_t first;
};

class Window : public testing::TestWithParam<Case> {};
constexpr uint64_t kWrap = uint64_t{1} << 32;
INSTANTIATE_TEST_SUITE_P(
    All, Window,
    testing::Values(
        Case{kGcm, SequenceNumbers::bits_32, 32, 1}, Case{kGcm, SequenceNumbers::bits_32, 64, 1},
        Case{kGcm, SequenceNumbers::bits_32, 100, 1}, Case{kGcm, SequenceNumbers::bits_32, 128, 1},
        Case{kCbc, SequenceNumbers::bits_32, 256, 1}, Case{kGcm, SequenceNumbers::extended, 64, 1},
        Case{kGcm, SequenceNumbers::extended, 128, kWrap - 900},
        Case{kCbc, SequenceNumbers::extended, 192, kWrap - 900},
        Case{kCbc, SequenceNumbers::extended, 1024, 5 * kWrap - 900}),
    [](const auto& param) {
      return test_name(param.param.transform) + "_window" + std::to_string(param.param.window) +
             (param.param.numbers == SequenceNumbers::extended ? "_extended" : "") +
             (param.param.first > 1 ? "_wraps" : "");
    });

// Packets come in disorder, some of them again and again. Whatever came before must be refused, and
// what is new and within the window must be taken.
TEST_P(Window, Rfc4303_3_4_3_TakesEachPacketOnceAndNoneThatIsTooOld) {
  const Case& c = GetParam();
  Lone lone(c.transform, c.numbers, c.window, c.first);
  constexpr uint32_t kPackets = 1500;
  std::vector<Frame> wire;
  while (wire.size() < kPackets) {
    for (Frame& frame : lone.seal(packets(50, 60)).frames) wire.push_back(std::move(frame));
  }
  std::mt19937 random(c.window);
  std::set<uint32_t> taken;
  uint32_t highest = 0;  // index of the newest packet that was taken
  bool is_first = true;
  for (uint32_t step = 0; step < 4000; ++step) {
    // Near the front mostly, sometimes far behind it.
    const uint32_t front = step * kPackets / 4000;
    const uint32_t back = random() % (random() % 8 == 0 ? 3 * c.window : c.window);
    const uint32_t which = front > back ? front - back : 0;
    const Fault fault = lone.open({wire[which]}).faults[0];
    const bool is_new = !taken.contains(which);
    const bool is_inside = is_first || which + c.window > highest;
    if (fault == Fault::none) {
      ASSERT_TRUE(is_new) << "packet " << which << " came twice, window at " << highest;
      taken.insert(which);
      highest = is_first ? which : std::max(highest, which);
      is_first = false;
    } else {
      // The upper half of a number far behind is taken for the next one's (RFC 4303 A2.2), and does
      // not fit the ICV.
      const bool is_mistaken = c.numbers == SequenceNumbers::extended && !is_inside;
      ASSERT_TRUE(fault == Fault::replayed || (is_mistaken && fault == Fault::authentication));
      ASSERT_FALSE(is_new && is_inside) << "packet " << which << " refused, window at " << highest;
    }
  }
}

TEST(LibraryWindow, HoldsWhatIsAskedAndAWordMore) {
  for (uint32_t window = 1; window <= 2048; ++window) {
    const uint32_t asked = library_window(window);
    EXPECT_GE(asked, window);
    uint32_t words = 2;  // what the library makes of it
    while (words * 64 < asked) words *= 2;
    EXPECT_GE(words * 64, asked + 63) << window;
  }
  EXPECT_EQ(library_window(0), 0u);
}

TEST(Replay, AWindowOfZeroLooksForNothing) {
  Lone lone(kGcm, SequenceNumbers::bits_32, 0, 1);
  const auto wire = lone.seal(packets(3)).frames;
  EXPECT_EQ(lone.open(wire).bad, 0u);
  EXPECT_EQ(lone.open(wire).bad, 0u);
}

TEST(Sequence, Rfc4303_3_3_3_NeverCyclesWithoutANewAssociation) {
  for (const Transform transform : {kGcm, kCbc}) {
    Lone lone(transform, SequenceNumbers::bits_32, 64, kWrap - 4);
    const Passed out = lone.seal(packets(67));
    EXPECT_EQ(out.count(Fault::none), 3u);  // the library leaves the last number unused
    EXPECT_EQ(out.count(Fault::sequence_overflow), 64u);
    EXPECT_EQ(lone.open(out.good()).bad, 0u);
    EXPECT_EQ(lone.seal(packets(4)).count(Fault::sequence_overflow), 4u);
  }
}

TEST(Sequence, Rfc4304_ExtendedNumbersGoOn) {
  for (const Transform transform : {kGcm, kCbc}) {
    Lone lone(transform, SequenceNumbers::extended, 64, kWrap - 4);
    const auto in = packets(67);
    const Passed wire = lone.seal(in);
    EXPECT_EQ(wire.bad, 0u);
    const Passed out = lone.open(wire.frames);
    EXPECT_EQ(out.bad, 0u);
    for (size_t i = 0; i < in.size(); ++i) EXPECT_EQ(ip_of(out.frames[i]), ip_of(in[i]));
  }
}

}  // namespace
}  // namespace skyhop::dataplane::ipsec
