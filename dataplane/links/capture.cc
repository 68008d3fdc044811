#include "dataplane/links/capture.h"

#include "dataplane/stages/esp.h"
#include "dataplane/worker.h"

namespace skyhop::dataplane {

Result<std::unique_ptr<LinkCapture>> LinkCapture::create(const std::string& file) {
  auto sink = CaptureSink::create(file);
  if (!sink) return std::unexpected(sink.error());
  return std::unique_ptr<LinkCapture>(new LinkCapture(std::move(*sink)));
}

void LinkCapture::write(const PassTable& pass, const Batch& batch) {
  const std::lock_guard lock(mutex_);
  for (uint32_t i = 0; i < batch.count; ++i) file_->write(*pass.packet[batch.ref[i]], rte_rdtsc());
}

void capture_batch(Worker& w, LinkCapture& capture, bool is_sealed, const Batch& batch) {
  if (!is_sealed) {
    for (uint32_t i = 0; i < batch.count; ++i) write_whole_frame(w, batch, i);
  }
  capture.write(w.pass, batch);
}

}  // namespace skyhop::dataplane
