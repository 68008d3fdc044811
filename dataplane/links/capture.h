// What is on a link, written to a file: for looking at packets, not for measuring speed.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "dataplane/pass_table.h"
#include "dataplane/ports/capture.h"

namespace skyhop::dataplane {

/// A capture file of one or more links. Workers take turns at it, so its time stamps never go back,
/// and nothing that is asked for is left out.
class LinkCapture {
 public:
  static Result<std::unique_ptr<LinkCapture>> create(const std::string& file);

  /// Packets as they enter their link: frames that have been written out.
  void write(const PassTable& pass, const RowSet& rows);
  /// The first error in writing, or in closing now.
  std::optional<Error> close() { return file_->close(); }

 private:
  explicit LinkCapture(std::unique_ptr<CaptureSink> file) : file_(std::move(file)) {}

  std::mutex mutex_;
  std::unique_ptr<CaptureSink> file_;
};

}  // namespace skyhop::dataplane
