// A fixed amount of work for callgrind: `hop_instructions [PACKETS]` sends that many packets
// through the eight-router chain from the built-in generator and prints how many arrived.
//
//   valgrind --tool=callgrind --toggle-collect='*::receive(*'
//     --toggle-collect='*::route_all(*' hop_instructions 100000
//
// Valgrind knows no AVX-512; SKYHOP_CPU=v2 or v3 picks the loop that is counted.
#include <fmt/core.h>

#include <cstdlib>
#include <thread>

#include "tests/bench/chain.h"

using namespace skyhop;
using namespace skyhop::dataplane;

int main(int argc, char** argv) {
  Chain chain = make_chain("");
  StreamSpec stream;
  stream.port = chain.source;
  stream.destination = chain.image.ports[chain.sink].address;
  stream.frame_sizes = {60};
  stream.limit = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 100'000;
  chain.image.streams.push_back(stream);
  EalOptions eal;
  eal.allow_hugepages = false;
  eal.memory_mb = memory_needed_mb(chain.image, 1);
  const auto info = start_eal(eal);
  if (!info) {
    fmt::print(stderr, "{}\n", info.error().to_string());
    return 1;
  }
  DataplaneOptions options;
  options.workers = info->workers;
  auto model = Dataplane::create(chain.image, options);
  if (!model || !route_chain(**model, chain.image, false) || !(*model)->start()) return 1;
  while (!(*model)->is_finished()) std::this_thread::yield();
  (*model)->stop();
  const Counters counters = (*model)->counters();
  fmt::print("{} packets\n", counters.delivered);
  return counters.sum_law_holds() && counters.delivered == stream.limit ? 0 : 1;
}
