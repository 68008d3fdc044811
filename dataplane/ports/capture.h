// Captures as ports: frames of a file played into the model, and what arrives written to one.
//
// Both read or write files on the worker that owns them. They are for replay and for looking at
// packets, not for measuring speed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lpm/error.h"
#include "pcap/reader.h"
#include "pcap/writer.h"

struct rte_mbuf;
struct rte_mempool;

namespace skyhop::dataplane {

class Replay {
 public:
  /// Opens the file once, so that a missing one is told before anything starts. `max_frame` is what
  /// a packet buffer holds; longer frames are cut, and dropped as bad_length by the input checks.
  static Result<std::unique_ptr<Replay>> open(const std::string& file, uint32_t loops,
                                              uint32_t max_frame);

  /// Fills at most `room` packets. IPv4 of any link type gets an Ethernet header; a frame without
  /// IPv4 comes as it is.
  uint32_t read(rte_mempool* pool, rte_mbuf** packets, uint32_t room);

  [[nodiscard]] bool is_done() const { return done_.load(std::memory_order_acquire); }
  /// What was wrong with the file after its good packets; valid once done.
  [[nodiscard]] const std::optional<Error>& error() const { return error_; }

 private:
  Replay(std::string file, uint32_t loops, uint32_t max_frame, pcap::CaptureReader reader)
      : file_(std::move(file)),
        loops_left_(loops),
        max_frame_(max_frame),
        reader_(std::move(reader)) {}

  bool read_one(rte_mbuf* packet);
  void finish(std::optional<Error> error);

  std::string file_;
  uint32_t loops_left_;
  uint32_t max_frame_;
  pcap::CaptureReader reader_;
  std::optional<Error> error_;
  std::atomic<bool> done_ = false;
};

class CaptureSink {
 public:
  static Result<std::unique_ptr<CaptureSink>> create(const std::string& file);

  /// Time stamps are nanoseconds of the wall clock at the first packet, and TSC from there on.
  void write(const rte_mbuf& packet, uint64_t now);
  /// The first error in writing, or in closing now.
  std::optional<Error> close();

 private:
  explicit CaptureSink(pcap::CaptureWriter writer) : writer_(std::move(writer)) {}

  pcap::CaptureWriter writer_;
  uint64_t first_tsc_ = 0;
  uint64_t first_ns_ = 0;
  std::optional<Error> error_;
};

}  // namespace skyhop::dataplane
