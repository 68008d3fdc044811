// The body of an UPDATE, from each kind of peer; the first octet says which.
#include <algorithm>
#include <cstdlib>

#include "control/bgp/message/update.h"

using namespace skyhop::bgp;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

const FamilyUpdate<Ipv4Prefix>& family_of(const Update& update, const Nlri<Ipv4Prefix>*) {
  return update.ipv4;
}
const FamilyUpdate<Ipv6Prefix>& family_of(const Update& update, const Nlri<Ipv6Prefix>*) {
  return update.ipv6;
}

// What was read is written, and read again: the same.
template <typename P>
void check_round_trip(const FamilyUpdate<P>& family, const SessionContext& context) {
  std::vector<Nlri<P>> announced;
  std::vector<Nlri<P>> withdrawn;
  const auto take = [&](const std::vector<uint8_t>& message) {
    check(message.size() <= context.longest_message);
    const auto again = decode_update(Octets(message).subspan(kHeaderLength), context);
    check(again.has_value() && again->problems.empty());
    const auto& routes = family_of(*again, static_cast<const Nlri<P>*>(nullptr));
    check(routes.announced.empty() || *routes.attributes == *family.attributes);
    announced.insert(announced.end(), routes.announced.begin(), routes.announced.end());
    withdrawn.insert(withdrawn.end(), routes.withdrawn.begin(), routes.withdrawn.end());
  };
  encode_withdrawals(family.withdrawn, context, take);
  check(withdrawn == family.withdrawn);
  if (family.announced.empty()) return;
  const EncodedAttributes attributes = encode_for_update(*family.attributes, context);
  if (!fits(attributes, context)) return;
  encode_announcements(family.announced, attributes, context, take);
  check(announced == family.announced);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1 || size > kMaxMessageLength - kHeaderLength) return 0;
  const auto is_set = [data](int bit) { return ((data[0] >> bit) & 1) != 0; };
  const SessionContext context{.four_octet_as = is_set(0),
                               .is_ebgp = is_set(1),
                               .ipv4 = {true, is_set(2), is_set(2)},
                               .ipv6 = {!is_set(3), is_set(4), is_set(4)}};
  const auto update = decode_update({data + 1, size - 1}, context);
  if (!update) return 0;
  // A malformed route is never announced.
  check(!update->treated_as_withdraw || update->announced_count() == 0);
  check_round_trip(update->ipv4, context);
  check_round_trip(update->mp_ipv4, context);
  check_round_trip(update->ipv6, context);
  return 0;
}
