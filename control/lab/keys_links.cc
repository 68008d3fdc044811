// Key table of what links do to packets; the same keys stand under `links` and in the timeline.
#include "control/lab/keys.h"

namespace skyhop::lab {

template <>
const ObjectTable& table_of<LinkConditions>() {
  static const ObjectTable table = [] {
    using T = LinkConditions;
    // Three of them together stay within what a link may hold a packet.
    constexpr uint64_t kLongest = 20;
    TableWriter<T> t("links",
                     "What links do to packets, on top of what the clouds do (`shaping`). What is "
                     "not written stays as it is; the last entry that says it holds. Sessions and "
                     "controllers do not feel it: only packets do.");
    t.member("link", &T::link,
             "\"a - b\" means both directions, each for itself; \"a -> b\" means this one.")
        .refers_to({kRouter, false, ReferenceForm::channel})
        .required();
    t.member("rate", &T::rate,
             "Bits per second of the line, the tunnel's encapsulation included; 0: no limit.");
    t.member("packet_rate", &T::packet_rate, "Packets per second; 0: no limit.");
    t.member("queue_packets", &T::queue_packets,
             "Packets that may wait for the rate, 1000 when absent; those that find it full are "
             "lost as queue_full.")
        .range(1, 1'000'000);
    t.member(
        "queue_bytes", &T::queue_bytes,
        "Octets that may wait for it, on the wire; 0: any number. Whichever is reached first.");
    t.member("delay", &T::delay, "How long a packet takes.").range(0, kLongest);
    t.member("jitter", &T::jitter,
             "Added to the delay: from minus to plus this (uniform), or with this standard "
             "deviation (normal). Never below zero in all.")
        .range(0, kLongest);
    t.member("jitter_file", &T::jitter_file,
             "In place of jitter: a file with a delay a line, one of which is added, each as "
             "likely. Beside the lab file.")
        .same_as("jitter");
    t.member("jitter_distribution", &T::jitter_distribution, "Of jitter; uniform when absent.");
    t.member("jitter_reorders", &T::jitter_reorders,
             "Whether a packet may overtake one that was given a longer delay; false when absent: "
             "it waits for it.");
    t.member("loss_percent", &T::loss_percent, "Of all packets, lost as link_loss.");
    t.member("loss_burst", &T::loss_burst,
             "Losses come in bad periods of so many packets on average (Gilbert, Elliott); 1 when "
             "absent: each by itself.");
    t.member("loss_in_burst_percent", &T::loss_in_burst_percent,
             "Of packets in a bad period; 100 when absent.");
    t.member("duplicate_percent", &T::duplicate_percent, "Of packets that arrive twice.");
    t.member("corrupt_percent", &T::corrupt_percent, "Of packets one bit of which is flipped.");
    t.member("reorder_percent", &T::reorder_percent, "Of packets that come after their turn.");
    t.member("reorder_delay", &T::reorder_delay, "How long after it.").range(0, kLongest);
    return std::move(t).table();
  }();
  return table;
}

}  // namespace skyhop::lab
