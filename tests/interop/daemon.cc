#include "tests/interop/daemon.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

namespace skyhop::interop {

std::string ProgramDaemon::log() const {
  std::ostringstream text;
  text << std::ifstream(file("log")).rdbuf();
  return text.str();
}

std::string ProgramDaemon::write(const std::string& name, const std::string& text) const {
  const std::string path = file(name);
  std::ofstream(path) << text;
  // OpenBGPD reads no file that others could have written.
  std::filesystem::permissions(
      path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  return path;
}

void ProgramDaemon::launch(const Command& command) {
  program_ = std::make_unique<Process>(network_, command, file("log"));
}

namespace {

template <typename Kind>
std::unique_ptr<Daemon> make(const Network& network, const std::filesystem::path& folder) {
  return std::make_unique<Kind>(network, folder);
}

class Bird : public ProgramDaemon {
 public:
  using ProgramDaemon::ProgramDaemon;

  void start(const Configuration& configuration) override {
    std::string config = "router id 10.91.1.2;\nlog stderr all;\nprotocol device {}\n";
    for (const Neighbour& neighbour : kNeighbours) {
      config += fmt::format(
          "protocol bgp {} {{\n"
          "  local {} as {};\n  neighbor {} as {};\n"
          "  passive {};\n  hold time {};\n"
          "  connect delay time 1;\n  connect retry time 1;\n  error wait time 1, 1;\n"
          "{}"
          "  ipv4 {{ import all; export all; next hop self; }};\n}}\n",
          name(neighbour), neighbour.theirs, kDaemonAsn, neighbour.ours, neighbour.asn,
          configuration.daemon_is_passive ? "on" : "off", configuration.hold_time,
          configuration.md5_key.empty() ? "" : "  password \"" + configuration.md5_key + "\";\n");
    }
    launch({find_program("bird"), "-f", "-c", write("bird.conf", config), "-s", file("ctl"), "-P",
            file("pid")});
  }
  void request_refresh() override {
    for (const Neighbour& neighbour : kNeighbours) {
      command({find_program("birdc"), "-s", file("ctl"), "reload", "in", name(neighbour)});
    }
  }

 private:
  static std::string name(const Neighbour& neighbour) {
    return "as" + std::to_string(neighbour.asn);
  }
};

class Frr : public ProgramDaemon {
 public:
  using ProgramDaemon::ProgramDaemon;

  void start(const Configuration& configuration) override {
    std::string config = fmt::format(
        "log stdout\nrouter bgp {}\n bgp router-id 10.91.1.2\n no bgp ebgp-requires-policy\n"
        " timers bgp {} {}\n",
        kDaemonAsn, configuration.hold_time / 3, configuration.hold_time);
    for (const Neighbour& n : kNeighbours) {
      config += fmt::format(
          " neighbor {0} remote-as {1}\n neighbor {0} timers connect 1\n"
          " neighbor {0} update-source {2}\n{3}{4}",
          n.ours, n.asn, n.theirs,
          configuration.daemon_is_passive ? fmt::format(" neighbor {} passive\n", n.ours) : "",
          configuration.md5_key.empty()
              ? ""
              : fmt::format(" neighbor {} password {}\n", n.ours, configuration.md5_key));
    }
    const std::string vty = "--vty_socket=" + file("");
    // zebra tells bgpd which next hops there are; nothing enters the kernel's table.
    zebra_ = std::make_unique<Process>(
        network(),
        Command{find_program("zebra"), "-f", write("zebra.conf", "log stdout\n"), "-i",
                file("zebra.pid"), "-z", file("zserv"), "-S", "-P", "0", vty},
        file("log"));
    launch({"/usr/lib/frr/bgpd", "-n", "-f", write("bgpd.conf", config), "-i", file("bgpd.pid"),
            "-z", file("zserv"), "-S", "-P", "0", vty});
  }
  void request_refresh() override {
    command({find_program("vtysh"), "--vty_socket", file(""), "-d", "bgpd", "-c",
             "clear bgp ipv4 unicast * in"});
  }

 private:
  std::unique_ptr<Process> zebra_;
};

class Gobgp : public ProgramDaemon {
 public:
  using ProgramDaemon::ProgramDaemon;

  void start(const Configuration& configuration) override {
    std::string config =
        fmt::format("[global.config]\n  as = {}\n  router-id = \"10.91.1.2\"\n", kDaemonAsn);
    for (const Neighbour& neighbour : kNeighbours) {
      config += fmt::format(
          "[[neighbors]]\n"
          "  [neighbors.config]\n    neighbor-address = \"{}\"\n    peer-as = {}\n{}"
          "  [neighbors.transport.config]\n    passive-mode = {}\n    local-address = \"{}\"\n"
          "  [neighbors.timers.config]\n    connect-retry = 1\n    hold-time = {}\n"
          "    keepalive-interval = {}\n    idle-hold-time-after-reset = 1\n"
          "  [[neighbors.afi-safis]]\n    [neighbors.afi-safis.config]\n"
          "      afi-safi-name = \"ipv4-unicast\"\n",
          neighbour.ours, neighbour.asn,
          configuration.md5_key.empty() ? ""
                                        : "    auth-password = \"" + configuration.md5_key + "\"\n",
          configuration.daemon_is_passive, neighbour.theirs, configuration.hold_time,
          configuration.hold_time / 3);
    }
    launch({find_program("gobgpd"), "-f", write("gobgpd.toml", config), "-t", "toml", "--api-hosts",
            "127.0.0.1:50051", "--log-plain", "--pprof-disable"});
  }
  void request_refresh() override {
    for (const Neighbour& neighbour : kNeighbours) {
      command({find_program("gobgp"), "neighbor", neighbour.ours, "softresetin"});
    }
  }
};

class Openbgpd : public ProgramDaemon {
 public:
  using ProgramDaemon::ProgramDaemon;

  void start(const Configuration& configuration) override {
    std::string config = fmt::format(
        "AS {}\nrouter-id 10.91.1.2\nfib-update no\nsocket \"{}\"\nholdtime {}\n"
        "connect-retry 1\n",
        kDaemonAsn, file("ctl"), configuration.hold_time);
    for (const Neighbour& neighbour : kNeighbours) config += "listen on " + neighbour.theirs + "\n";
    for (const Neighbour& neighbour : kNeighbours) {
      config += fmt::format(
          "neighbor {} {{\n  remote-as {}\n  local-address {}\n  set nexthop self\n{}{}}}\n",
          neighbour.ours, neighbour.asn, neighbour.theirs,
          configuration.daemon_is_passive ? "  passive\n" : "",
          configuration.md5_key.empty() ? ""
                                        : "  tcp md5sig password " + configuration.md5_key + "\n");
    }
    config += "allow from any\nallow to any\n";
    // Its user's home, where it shuts itself in; else made by its service at boot.
    std::filesystem::create_directories("/run/openbgpd");
    launch({"/usr/sbin/bgpd", "-d", "-f", write("bgpd.conf", config)});
  }
  void request_refresh() override {
    for (const Neighbour& neighbour : kNeighbours) {
      command({find_program("bgpctl"), "-s", file("ctl"), "neighbor", neighbour.ours, "refresh"});
    }
  }
};

}  // namespace

const DaemonKind kBird{"Bird", "bird2", "/usr/sbin/bird", 3, make<Bird>};
const DaemonKind kFrr{"Frr", "frr", "/usr/lib/frr/bgpd", 3, make<Frr>};
const DaemonKind kGobgp{"Gobgp", "gobgpd", "/usr/bin/gobgpd", 1, make<Gobgp>};
const DaemonKind kOpenbgpd{"Openbgpd", "openbgpd", "/usr/sbin/bgpd", 1, make<Openbgpd>};

}  // namespace skyhop::interop
