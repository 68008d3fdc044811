// The far ends of a BGP router that is measured: senders that are never the bottleneck, and a sink.
//
//   bgp_blast --remote ADDRESS --local ADDRESS [--peers N] [--routes N] [--shape
//   blast|internet|one]
//             [--pid PID] [--seed N] [--hold SECONDS]
//
// Sender i has the address after --local by i and AS --asn + i; each tells its share of the routes.
// All wait until all are Established, then send. A sender ends with ROUTE-REFRESH, which a router
// that takes messages one after the other answers (RFC 7313's BoRR, or whatever it sends) when it
// has taken all before it; the sink counts the routes that are passed on. One line of JSON per
// event, with the monotonic clock's seconds: "established", "answered", "passed_on", then the same
// for the withdrawal, for which a line on standard input is awaited. A router that is silent for
// the hold time loses its sessions, and this program ends with an error.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "control/bgp/event_loop.h"
#include "control/bgp/message/open.h"
#include "control/bgp/message/update.h"
#include "control/bgp/tcp_transport.h"
#include "lpm/table_bench.h"

using namespace skyhop;
using namespace skyhop::bgp;

namespace {

enum class Shape : uint8_t {
  blast,     ///< /24s in a row, eight to an attribute set and UPDATE
  internet,  ///< lengths, set sizes and paths as in the Internet's table, one UPDATE to a set
  one,       ///< the same, one prefix to an UPDATE in random order
};

struct Arguments {
  Ipv4Address remote;
  Ipv4Address local;
  uint32_t peers = 1;
  uint32_t routes = 500000;
  Shape shape = Shape::blast;
  std::optional<Ipv4Address> sink;
  Ipv4Address sink_remote;
  Asn asn = 65001;
  bool withdraw = false;
  int pid = 0;
  uint16_t hold = 240;
  uint32_t seed = 1;
};

double clock_seconds() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double>(now).count();
}

// Resident memory of the router, in octets; 0: not asked for.
uint64_t resident(int pid) {
  if (pid == 0) return 0;
  std::ifstream status(fmt::format("/proc/{}/status", pid));
  std::string word;
  while (status >> word) {
    uint64_t kib = 0;
    if (word == "VmRSS:" && status >> kib) return kib * 1024;
  }
  return 0;
}

void say(const char* event, const Arguments& arguments) {
  fmt::print("{{\"event\": \"{}\", \"at\": {:.6f}, \"rss\": {}}}\n", event, clock_seconds(),
             resident(arguments.pid));
  std::fflush(stdout);
}

// What one sender tells: whole messages, one behind the other.
struct Table {
  std::vector<uint8_t> announcements;
  std::vector<uint8_t> withdrawals;
};

void append(std::vector<uint8_t>& to, const std::vector<uint8_t>& message) {
  to.insert(to.end(), message.begin(), message.end());
}

// Path lengths, communities and MEDs in about the shares that route collectors show.
PathAttributes internet_attributes(std::mt19937& random, Asn own) {
  const auto pick = [&](uint32_t n) { return static_cast<uint32_t>(random() % n); };
  PathAttributes attributes;
  std::vector<Asn> path = {own};
  const uint32_t length = 2 + std::min(pick(4), pick(5)) + (pick(8) == 0 ? 3 : 0);
  while (path.size() < length)
    path.push_back(pick(5) == 0 ? 200000 + pick(70000) : 1 + pick(64000));
  if (pick(10) == 0) path.insert(path.end(), 1 + pick(3), path.back());  // prepended
  attributes.as_path = AsPath::sequence(std::move(path));
  attributes.origin = pick(20) == 0 ? Origin::incomplete : Origin::igp;
  if (pick(3) == 0) attributes.med = pick(100);
  for (uint32_t i = pick(2) == 0 ? 0 : pick(8); i > 0; --i) {
    attributes.communities.push_back((1 + pick(64000)) << 16 | pick(1000));
  }
  std::ranges::sort(attributes.communities);
  const auto repeated = std::ranges::unique(attributes.communities);
  attributes.communities.erase(repeated.begin(), repeated.end());
  for (uint32_t i = pick(6) == 0 ? 1 + pick(3) : 0; i > 0; --i) {
    attributes.large_communities.push_back({1 + pick(300000), i, pick(1000)});
  }
  std::ranges::sort(attributes.large_communities);
  return attributes;
}

// How many prefixes share the next set: 6.4 on average, half of the sets have one.
size_t set_size(std::mt19937& random) {
  size_t size = 1;
  while (size < 400 && random() % 100 < (size == 1 ? 50u : 91u)) ++size;
  return size;
}

Table make_table(const Arguments& arguments, uint32_t peer) {
  std::mt19937 random(arguments.seed + peer);
  const uint32_t first = static_cast<uint32_t>(uint64_t{arguments.routes} * peer / arguments.peers);
  const uint32_t end =
      static_cast<uint32_t>(uint64_t{arguments.routes} * (peer + 1) / arguments.peers);
  const Asn own = arguments.asn + peer;
  const SessionContext context;
  std::vector<Nlri<Ipv4Prefix>> routes;
  if (arguments.shape == Shape::blast) {
    for (uint32_t n = first; n < end; ++n) {
      routes.push_back(Ipv4Prefix(Ipv4Address(0x0B000000 + n * 256), 24));
    }
  } else {
    const auto all = lpm::internet_like_routes(arguments.routes, arguments.seed);
    for (uint32_t n = first; n < end; ++n) routes.push_back(all[n].first);
  }
  Table table;
  std::vector<std::vector<uint8_t>> messages;
  uint32_t set = first / 8;
  for (size_t at = 0; at < routes.size(); ++set) {
    PathAttributes attributes;
    size_t count = 8;
    if (arguments.shape == Shape::blast) {
      attributes.as_path = AsPath::sequence({own, 100000 + set, 64000 + set % 500});
    } else {
      attributes = internet_attributes(random, own);
      count = set_size(random);
    }
    attributes.next_hop = arguments.local + peer;
    count = std::min(count, routes.size() - at);
    const EncodedAttributes encoded = encode_for_update(attributes, context);
    const size_t step = arguments.shape == Shape::one ? 1 : count;
    for (size_t i = at; i < at + count; i += step) {
      const auto begin = routes.begin() + static_cast<ptrdiff_t>(i);
      const std::vector<Nlri<Ipv4Prefix>> some(begin, begin + static_cast<ptrdiff_t>(step));
      encode_announcements(some, encoded, context, [&](std::vector<uint8_t> message) {
        messages.push_back(std::move(message));
      });
    }
    at += count;
  }
  if (arguments.shape == Shape::one) std::ranges::shuffle(messages, random);
  for (const auto& message : messages) append(table.announcements, message);
  encode_withdrawals(routes, context,
                     [&](const std::vector<uint8_t>& m) { append(table.withdrawals, m); });
  return table;
}

// One end of a session that does as little as it can.
class FarEnd {
 public:
  FarEnd(Transport& transport, Scheduler& scheduler, Ipv4Address local, Ipv4Address remote, Asn asn,
         uint16_t hold)
      : transport_(transport),
        scheduler_(scheduler),
        local_(local),
        remote_(remote),
        asn_(asn),
        hold_(hold) {}

  void start() {
    ConnectionCallbacks callbacks;
    callbacks.on_connected = [this] {
      Open open;
      open.families = {kIpv4Unicast};
      open.route_refresh = true;
      open.enhanced_route_refresh = true;
      open.four_octet_as = true;
      open.asn = asn_;
      open.hold_time = hold_;
      open.router_id = local_;
      connection_->send(encode(open));
    };
    callbacks.on_failed = [this](const std::string&) { retry(); };
    callbacks.on_closed = [this](const std::string& reason) {
      if (!is_established) return retry();
      give_up(reason);
    };
    callbacks.on_bytes = [this](Octets octets) { receive(octets); };
    framer_ = {};
    connection_ =
        transport_.connect({.local = local_, .remote = remote_, .ttl = 1}, std::move(callbacks));
  }
  void send(const std::vector<uint8_t>& messages) { connection_->send(messages); }
  void ask() {
    is_answered = false;
    connection_->send(encode(RouteRefresh{kIpv4Unicast, 0}));
  }

  std::function<void()> on_progress;
  bool is_established = false;
  bool is_answered = false;
  int64_t routes = 0;  ///< announced less withdrawn
  uint64_t updates = 0;

 private:
  void retry() {
    scheduler_.schedule(std::chrono::milliseconds(100), [this] { start(); });
  }
  void keep_alive() {
    if (scheduler_.now() - heard_ > std::chrono::seconds(hold_)) give_up("hold time");
    connection_->send(encode_keepalive());
    scheduler_.schedule(std::chrono::seconds(hold_) / 3, [this] { keep_alive(); });
  }
  void give_up(const std::string& reason) {
    fmt::print(stderr, "the session of {} is gone: {}\n", local_.to_string(), reason);
    std::exit(1);
  }

  void receive(Octets octets) {
    heard_ = scheduler_.now();
    framer_.feed(octets);
    while (true) {
      const auto message = framer_.next();
      if (!message) std::exit(1);
      if (!*message) break;
      take(**message);
    }
    if (on_progress) on_progress();
  }
  void take(const Message& message) {
    switch (message.type) {
      case MessageType::open:
        keep_alive();
        break;
      case MessageType::keepalive:
        is_established = true;
        break;
      case MessageType::update:
        is_answered = true;
        ++updates;
        count(message.body);
        break;
      case MessageType::route_refresh:
        is_answered = true;
        break;
      case MessageType::notification:
        fmt::print(stderr, "{}: {}\n", local_.to_string(),
                   decode_notification(message.body).to_string());
        std::exit(1);
    }
  }
  void count(Octets body) {
    Reader reader(body);
    const Octets withdrawn = reader.take(reader.u16());
    (void)reader.take(reader.u16());
    routes += count_prefixes(reader.rest()) - count_prefixes(withdrawn);
  }
  static int64_t count_prefixes(Octets nlri) {
    int64_t count = 0;
    for (size_t at = 0; at < nlri.size(); at += 1u + (nlri[at] + 7u) / 8) ++count;
    return count;
  }

  Transport& transport_;
  Scheduler& scheduler_;
  Ipv4Address local_;
  Ipv4Address remote_;
  Asn asn_;
  uint16_t hold_;
  Time heard_ = {};
  std::unique_ptr<Connection> connection_;
  Framer framer_;
};

class Run {
 public:
  explicit Run(const Arguments& arguments)
      : arguments_(arguments), transport_(loop_, {.exposure = TcpOptions::Exposure::any_address}) {
    for (uint32_t i = 0; i < arguments.peers; ++i) {
      tables_.push_back(make_table(arguments, i));
      senders_.push_back(std::make_unique<FarEnd>(transport_, loop_, arguments.local + i,
                                                  arguments.remote, arguments.asn + i,
                                                  arguments.hold));
    }
    if (arguments.sink) {
      sink_ = std::make_unique<FarEnd>(transport_, loop_, *arguments.sink, arguments.sink_remote,
                                       arguments.asn + arguments.peers, arguments.hold);
    }
  }

  int run() {
    for (const auto& sender : senders_) sender->start();
    if (sink_) sink_->start();
    wait([this] { return all_of(&FarEnd::is_established) && (!sink_ || sink_->is_established); });
    say("established", arguments_);
    tell(&Table::announcements, arguments_.routes, "answered", "passed_on");
    if (sink_) {
      fmt::print("{{\"event\": \"updates\", \"count\": {}}}\n", sink_->updates);
      std::fflush(stdout);
    }
    if (!arguments_.withdraw) return 0;
    std::string line;
    std::getline(std::cin, line);
    say("withdrawing", arguments_);
    tell(&Table::withdrawals, 0, "withdrawn", "withdrawal_passed_on");
    std::getline(std::cin, line);
    return 0;
  }

 private:
  bool all_of(bool FarEnd::* flag) const {
    return std::ranges::all_of(senders_, [flag](const auto& sender) { return (*sender).*flag; });
  }
  void wait(const std::function<bool()>& done) {
    if (loop_.run_until(done, std::chrono::seconds(120))) return;
    fmt::print(stderr, "nothing more happens\n");
    std::exit(1);
  }
  void tell(std::vector<uint8_t> Table::* messages, int64_t routes_then, const char* answered,
            const char* passed_on) {
    for (size_t i = 0; i < senders_.size(); ++i) {
      senders_[i]->send(tables_[i].*messages);
      senders_[i]->ask();
    }
    bool has_answered = false;
    bool has_passed_on = !sink_;
    wait([&] {
      if (!has_answered && all_of(&FarEnd::is_answered)) {
        has_answered = true;
        say(answered, arguments_);
      }
      if (!has_passed_on && sink_->routes == routes_then) {
        has_passed_on = true;
        say(passed_on, arguments_);
      }
      return has_answered && has_passed_on;
    });
  }

  const Arguments& arguments_;
  EventLoop loop_;
  TcpTransport transport_;
  std::vector<Table> tables_;
  std::vector<std::unique_ptr<FarEnd>> senders_;
  std::unique_ptr<FarEnd> sink_;
};

Arguments parse(int argc, char** argv) {
  Arguments a;
  const auto address = [](const char* text) {
    const auto parsed = Ipv4Address::parse(text);
    if (!parsed) {
      fmt::print(stderr, "'{}' is no IPv4 address\n", text);
      std::exit(2);
    }
    return *parsed;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view key = argv[i];
    if (key == "--withdraw") {
      a.withdraw = true;
      continue;
    }
    const char* value = i + 1 < argc ? argv[++i] : "";
    const auto number = [value] { return static_cast<uint32_t>(std::atoll(value)); };
    if (key == "--remote") a.remote = address(value);
    if (key == "--local") a.local = address(value);
    if (key == "--sink") a.sink = address(value);
    if (key == "--sink-remote") a.sink_remote = address(value);
    if (key == "--peers") a.peers = number();
    if (key == "--routes") a.routes = number();
    if (key == "--asn") a.asn = number();
    if (key == "--pid") a.pid = std::atoi(value);
    if (key == "--seed") a.seed = number();
    if (key == "--hold") a.hold = static_cast<uint16_t>(number());
    if (key == "--shape") {
      const std::string_view name = value;
      a.shape = name == "internet" ? Shape::internet : name == "one" ? Shape::one : Shape::blast;
    }
  }
  return a;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments arguments = parse(argc, argv);
  return Run(arguments).run();
}
