// What the real az CLI printed beside what it would print of the lab.
//
// Compared is what Azure decides: prefixes, next hops, paths, states, rules. Not compared is what
// differs between any two runs (ids, etags, durations, message counts) and what Azure changes at
// will (further reserved ranges, weights); what was left out for that reason is said.
#pragma once

#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "control/emulator/emulation.h"
#include "control/lab/lab.h"
#include "lpm/error.h"

namespace skyhop::report::az {

using Json = nlohmann::ordered_json;

/// Which command printed it; the shape tells.
enum class AnswerKind {
  effective_routes,
  effective_nsg,
  route_server,
  peering,
  peering_learned,
  peering_advertised,
  gateway_learned,
  gateway_advertised,
  peer_status,
};

/// "az network nic show-effective-route-table".
[[nodiscard]] std::string_view command_of(AnswerKind kind);

/// Fails for JSON that no command of these prints, and for lists that are empty and so tell
/// nothing.
[[nodiscard]] Result<AnswerKind> kind_of(const Json& answer);

/// One thing of the lab that can be asked about, by names only: a changed lab has it too.
struct Subject {
  std::string name;  ///< "NIC spoke1-test-vm-nic", "peering transit-1 of routerserver"
  std::string at;    ///< whose table it is, where rows do not say; see Difference::at
  /// Null where the lab has no such thing (any more).
  std::function<Json(const lab::Lab& lab, const emulator::Emulation& emulation)> ask;
};

/// What `answer` is about: as its ids and addresses say; else what `hint` names (a name given by
/// the user, or the file's name that contains it); else the one whose answer has most rows in
/// common.
[[nodiscard]] Result<Subject> subject_of(AnswerKind kind, const Json& answer,
                                         const std::string& hint, const lab::Lab& lab,
                                         const emulator::Emulation& emulation);

struct Difference {
  enum class Side { only_azure, only_lab, differs };
  Side side = Side::differs;
  std::string row;  ///< "10.0.110.0/24", "rule 310 Inbound of spoke1-test-vm-nsg"
  std::string
      what;  ///< "next hop 10.0.10.132", or "AS path 65100 in Azure, 65100-65100 in the lab"
  std::optional<lpm::Ipv4Prefix> prefix;
  std::string at;  ///< the table or speaker that the row is of, as explain::explain_route takes
                   ///< it; empty: the subject's
};

struct Comparison {
  size_t equal = 0;  ///< rows
  std::vector<Difference> differences;
  std::vector<std::string> left_out;  ///< what was not compared, and why
};

[[nodiscard]] Comparison compare(AnswerKind kind, const Json& azure, const Json& lab,
                                 const emulator::Emulation& emulation);

}  // namespace skyhop::report::az
