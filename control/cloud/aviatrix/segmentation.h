// Network domains: who is in which, and which of them reach each other (V48).
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "control/lab/lab.h"

namespace skyhop::cloud::aviatrix {

/// Attachments without a domain are in domain "", which no policy joins with another one.
class Segmentation {
 public:
  explicit Segmentation(const lab::Lab& lab);

  [[nodiscard]] bool segments(const std::string& transit) const {
    return transits_.contains(transit);
  }
  /// Of a spoke, or of an external connection, at a transit; "" where it has none, or where the
  /// transit does not segment.
  [[nodiscard]] std::string domain_of(const std::string& attachment,
                                      const std::string& transit) const;
  /// Members of the two reach each other at the transit; all do where it does not segment.
  [[nodiscard]] bool connects(const std::string& transit, const std::string& a,
                              const std::string& b) const;

 private:
  std::set<std::string> transits_;  ///< with enable_segmentation
  /// By attachment, then by transit; transit "": wherever the attachment is.
  std::map<std::string, std::map<std::string, std::string>> domains_;
  std::set<std::pair<std::string, std::string>> policies_;
  bool unassociated_share_ = true;
};

}  // namespace skyhop::cloud::aviatrix
