// A byte stream as a session would get it: framing, and every decoder behind it. What decodes must
// encode to something that decodes to the same.
#include <algorithm>
#include <cstdlib>
#include <vector>

#include "control/bgp/message/header.h"
#include "control/bgp/message/open.h"
#include "control/bgp/message/update.h"

using namespace skyhop::bgp;

namespace {

void check(bool holds) {
  if (!holds) std::abort();
}

Octets body_of(const std::vector<uint8_t>& message) {
  return Octets(message).subspan(kHeaderLength);
}

void take(const Message& message) {
  switch (message.type) {
    case MessageType::open:
      if (const auto open = decode_open(message.body)) {
        check(decode_open(body_of(encode(*open))) == open);
      }
      break;
    case MessageType::update:
      (void)decode_update(message.body, {true, true});
      break;
    case MessageType::notification: {
      const Notification notification = decode_notification(message.body);
      check(decode_notification(body_of(encode(notification))) == notification);
      check(!notification.to_string().empty());
      break;
    }
    case MessageType::keepalive:
      check(message.body.empty());
      break;
    case MessageType::route_refresh:
      for (const RefreshForm form : {RefreshForm::plain, RefreshForm::enhanced}) {
        const auto refresh = decode_route_refresh(message, form);
        if (!refresh) continue;
        const auto octets = encode(*refresh);
        check(decode_route_refresh(**first_message(octets), form) == refresh);
      }
      break;
  }
}

// All messages of the stream, fed `step` octets at a time.
std::vector<uint8_t> messages_of(Octets stream, size_t step, size_t longest) {
  Framer framer;
  framer.set_longest(longest);
  std::vector<uint8_t> seen;
  while (!stream.empty()) {
    const size_t count = std::min(step, stream.size());
    framer.feed(stream.first(count));
    stream = stream.subspan(count);
    for (;;) {
      const auto message = framer.next();
      if (!message) return seen;
      if (!*message) break;
      seen.insert(seen.end(), (*message)->octets.begin(), (*message)->octets.end());
      if (step > 1) take(**message);
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Octets stream(data, size);
  for (const size_t longest : {kMaxMessageLength, kMaxExtendedLength}) {
    check(messages_of(stream, 1, longest) == messages_of(stream, 4096, longest));
  }
  return 0;
}
