// The body of an UPDATE, from each kind of peer; the first octet says which.
#include <algorithm>
#include <cstdlib>

#include "control/bgp/message/update.h"

using namespace skyhop::bgp;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > kMaxMessageLength - kHeaderLength) return 0;
  const SessionContext context{(data[0] & 1) != 0, (data[0] & 2) != 0};
  const auto update = decode_update({data + 1, size - 1}, context);
  if (!update) return 0;
  // A malformed route is never announced.
  check(!update->treated_as_withdraw ||
        (update->announced.empty() && update->mp_announced.empty()));

  const auto attributes = encode_attributes(update->attributes, context);
  if (!update->announced.empty() && fits(attributes)) {
    std::vector<Ipv4Prefix> announced;
    encode_announcements(update->announced, attributes, [&](const std::vector<uint8_t>& message) {
      check(message.size() <= kMaxMessageLength);
      const auto again = decode_update(Octets(message).subspan(kHeaderLength), context);
      check(again.has_value() && again->problems.empty());
      check(again->attributes == update->attributes);
      announced.insert(announced.end(), again->announced.begin(), again->announced.end());
    });
    check(announced == update->announced);
  }
  std::vector<Ipv4Prefix> withdrawn;
  encode_withdrawals(update->withdrawn, [&](const std::vector<uint8_t>& message) {
    check(message.size() <= kMaxMessageLength);
    const auto again = decode_update(Octets(message).subspan(kHeaderLength), context);
    check(again.has_value());
    withdrawn.insert(withdrawn.end(), again->withdrawn.begin(), again->withdrawn.end());
  });
  check(withdrawn == update->withdrawn);
  return 0;
}
