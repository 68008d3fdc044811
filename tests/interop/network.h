// Network namespaces and the programs in them. Nothing has a name that outlives the process.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace skyhop::interop {

/// Moves this process into a network namespace of its own, once; what is in the way, or empty.
[[nodiscard]] const std::string& enter_own_network();

/// A network namespace that lives as long as the object and the programs in it.
class Network {
 public:
  Network();
  ~Network();
  Network(const Network&) = delete;
  Network& operator=(const Network&) = delete;

  /// A veth between this process's network (`ours`, with prefix length) and this one.
  void link(const std::string& name, const std::string& ours, const std::string& theirs);
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  int descriptor_ = -1;
  std::vector<std::string> links_;
};

using Command = std::vector<std::string>;

/// A program that runs until it is told to stop, or this process ends.
class Process {
 public:
  /// Its output goes to `log`.
  Process(const Network& network, const Command& command, const std::string& log);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  void freeze() const;
  void thaw() const;
  void terminate();
  [[nodiscard]] bool has_ended();

 private:
  pid_t pid_ = -1;
};

struct Output {
  int code = -1;
  std::string text;  ///< standard output and error
};

/// Runs a program in the network to its end.
Output run(const Network& network, const Command& command);
/// The path of a program, or empty.
[[nodiscard]] std::string find_program(const std::string& name);

}  // namespace skyhop::interop
