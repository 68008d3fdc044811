#include "tests/interop/network.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

namespace skyhop::interop {
namespace {

constexpr const char* kThisNetwork = "/proc/thread-self/ns/net";

/// In the child: into the network, then the program. Async-signal-safe from here on.
[[noreturn]] void become(int network, std::vector<char*>& arguments, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  setpgid(0, 0);  // a daemon may be several processes
  const int null = open("/dev/null", O_RDONLY);
  dup2(null, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  if (setns(network, CLONE_NEWNET) != 0) _exit(126);
  close_range(3, ~0u, 0);  // sockets of the sessions under test would stay open in here
  execvp(arguments[0], arguments.data());
  _exit(127);
}

pid_t spawn(int network, const Command& command, int output) {
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const pid_t pid = fork();
  if (pid == 0) become(network, arguments, output);
  if (pid < 0) throw std::runtime_error("cannot fork");
  return pid;
}

void must(const Network& network, const Command& command) {
  const Output output = run(network, command);
  if (output.code != 0) {
    throw std::runtime_error(command[0] + " " + command[1] + ": " + output.text);
  }
}

}  // namespace

const std::string& enter_own_network() {
  static const std::string problem = [] {
    if (find_program("ip").empty()) return std::string("iproute2 is not installed");
    if (unshare(CLONE_NEWNET) != 0) {
      return std::string("no network namespace: ") + std::strerror(errno) + " (needs root)";
    }
    if (std::system("ip link set lo up") != 0) return std::string("cannot configure a network");
    return std::string();
  }();
  return problem;
}

Network::Network() {
  const int ours = open(kThisNetwork, O_RDONLY | O_CLOEXEC);
  if (ours < 0 || unshare(CLONE_NEWNET) != 0) throw std::runtime_error("no network namespace");
  descriptor_ = open(kThisNetwork, O_RDONLY | O_CLOEXEC);
  const int back = setns(ours, CLONE_NEWNET);
  close(ours);
  if (descriptor_ < 0 || back != 0) throw std::runtime_error("no network namespace");
  must(*this, {"ip", "link", "set", "lo", "up"});
}

// The kernel takes a dead network apart when it likes: its links must be gone before the next test.
Network::~Network() {
  for (const std::string& name : links_) run(*this, {"ip", "link", "del", name});
  close(descriptor_);
}

void Network::link(const std::string& name, const std::string& ours, const std::string& theirs) {
  must(*this, {"ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns",
               std::to_string(getpid())});
  links_.push_back(name);
  must(*this, {"ip", "addr", "add", theirs, "dev", name});
  must(*this, {"ip", "link", "set", name, "up"});
  const std::string here =
      "ip addr add " + ours + " dev " + name + " && ip link set " + name + " up";
  if (std::system(here.c_str()) != 0) throw std::runtime_error("failed: " + here);
}

Process::Process(const Network& network, const Command& command, const std::string& log) {
  const int output = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  pid_ = spawn(network.descriptor(), command, output);
  close(output);
}

Process::~Process() { terminate(); }

void Process::freeze() const { kill(-pid_, SIGSTOP); }
void Process::thaw() const { kill(-pid_, SIGCONT); }

void Process::terminate() {
  if (pid_ <= 0) return;
  kill(-pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

bool Process::has_ended() {
  if (pid_ > 0 && waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
  return pid_ < 0;
}

Output run(const Network& network, const Command& command) {
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
  const pid_t pid = spawn(network.descriptor(), command, ends[1]);
  close(ends[1]);
  Output output;
  std::array<char, 4096> buffer{};
  for (ssize_t count = 0; (count = read(ends[0], buffer.data(), buffer.size())) > 0;) {
    output.text.append(buffer.data(), static_cast<size_t>(count));
  }
  close(ends[0]);
  int status = 0;
  waitpid(pid, &status, 0);
  output.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return output;
}

std::string find_program(const std::string& name) {
  for (const char* folder : {"/usr/sbin/", "/usr/bin/", "/sbin/", "/bin/", "/usr/lib/frr/"}) {
    if (access((folder + name).c_str(), X_OK) == 0) return folder + name;
  }
  return {};
}

}  // namespace skyhop::interop
