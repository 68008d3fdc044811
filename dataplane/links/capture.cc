#include "dataplane/links/capture.h"

#include <rte_cycles.h>

namespace skyhop::dataplane {

Result<std::unique_ptr<LinkCapture>> LinkCapture::create(const std::string& file) {
  auto sink = CaptureSink::create(file);
  if (!sink) return std::unexpected(sink.error());
  return std::unique_ptr<LinkCapture>(new LinkCapture(std::move(*sink)));
}

void LinkCapture::write(const PassTable& pass, const RowSet& rows) {
  const std::lock_guard lock(mutex_);
  rows.for_each([&](uint32_t row) { file_->write(*pass.packet[row], rte_rdtsc()); });
}

}  // namespace skyhop::dataplane
