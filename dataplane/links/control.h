// The control side of links: makes their crossings, replaces them while workers run, and gives the
// workers room for what links hold.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/links/crossing.h"
#include "dataplane/tables.h"
#include "lpm/qsbr.h"

namespace skyhop::dataplane {

class LinkControl {
 public:
  /// All of them outlive it. Links that the image gives conditions have their crossings then.
  LinkControl(const Image& image, Tables& tables,
              const std::vector<std::unique_ptr<Worker>>& workers, lpm::Qsbr& qsbr);

  void set_conditions(LinkIndex link, const LinkConditions& conditions);

 private:
  struct Entry {
    LinkConditions conditions;
    std::unique_ptr<const Crossing> crossing;  ///< null: plain
    std::unique_ptr<Crossing::State[]> states;
  };
  void publish(LinkIndex link);

  const Image& image_;
  Tables& tables_;
  lpm::Qsbr& qsbr_;
  size_t workers_;
  std::vector<Entry> entries_;
};

}  // namespace skyhop::dataplane
