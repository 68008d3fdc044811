#include "pcap/writer.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "pcap/packet.h"
#include "pcap/reader.h"

namespace skyhop::pcap {
namespace {

class CaptureWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "skyhop-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(directory_); }

  [[nodiscard]] std::string path() const { return (directory_ / "out.pcap").string(); }

  std::filesystem::path directory_;
};

std::vector<uint8_t> frame(size_t size) {
  return PacketBuilder()
      .ipv4(lpm::Ipv4Address(10, 0, 30, 4), lpm::Ipv4Address(10, 0, 110, 4))
      .udp(4000, 5201)
      .frame_size(size)
      .frame();
}

TEST_F(CaptureWriterTest, ReadsBackWhatItWrote) {
  auto writer = CaptureWriter::create(path());
  ASSERT_TRUE(writer) << writer.error().to_string();
  constexpr uint64_t kStart = 1'700'000'000'999'999'999u;
  for (uint64_t i = 0; i < 100; ++i) {
    ASSERT_TRUE(writer->write(kStart + i, frame(60 + i * 10)));
  }
  ASSERT_TRUE(writer->write(kStart, frame(60), 1514));
  EXPECT_EQ(writer->frames(), 101u);
  ASSERT_TRUE(writer->close());

  auto reader = CaptureReader::open(path());
  ASSERT_TRUE(reader) << reader.error().to_string();
  EXPECT_EQ(reader->link(), LinkType::ethernet);
  for (uint64_t i = 0; i < 100; ++i) {
    const auto read = reader->next();
    ASSERT_TRUE(read && *read);
    EXPECT_EQ((*read)->timestamp_ns, kStart + i);
    EXPECT_EQ(std::vector<uint8_t>((*read)->bytes.begin(), (*read)->bytes.end()),
              frame(60 + i * 10));
    EXPECT_FALSE((*read)->truncated());
  }
  const auto cut = reader->next();
  ASSERT_TRUE(cut && *cut);
  EXPECT_EQ((*cut)->original_length, 1514u);
  EXPECT_FALSE(reader->next().value());
}

TEST_F(CaptureWriterTest, EmptyCaptureIsACapture) {
  {
    ASSERT_TRUE(CaptureWriter::create(path()));
  }  // closed by the destructor
  auto reader = CaptureReader::open(path());
  ASSERT_TRUE(reader) << reader.error().to_string();
  EXPECT_FALSE(reader->next().value());
}

TEST_F(CaptureWriterTest, FlushMakesFramesVisible) {
  auto writer = CaptureWriter::create(path());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->write(1, frame(60)));
  ASSERT_TRUE(writer->flush());
  auto reader = CaptureReader::open(path());
  ASSERT_TRUE(reader);
  EXPECT_TRUE(reader->next().value());
}

TEST_F(CaptureWriterTest, CannotCreate) {
  const auto writer = CaptureWriter::create("/nonexistent/out.pcap");
  ASSERT_FALSE(writer);
  EXPECT_NE(writer.error().to_string().find("No such file or directory"), std::string::npos);
}

TEST_F(CaptureWriterTest, FullDiskIsReportedByClose) {
  auto writer = CaptureWriter::create("/dev/full");
  ASSERT_TRUE(writer);
  (void)writer->write(1, frame(60));
  const auto result = writer->close();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().to_string(),
            "/dev/full: cannot write the capture: No space left on device");
}

TEST_F(CaptureWriterTest, FullDiskIsReportedByWriteOnceTheBufferIsFull) {
  auto writer = CaptureWriter::create("/dev/full");
  ASSERT_TRUE(writer);
  Result<void> result;
  for (int i = 0; i < 1000 && result; ++i) result = writer->write(1, frame(1514));
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().what.find("No space left on device"), std::string::npos);
  EXPECT_LT(writer->frames(), 1000u);
  EXPECT_FALSE(writer->close()) << "the loss is still known at the end";
}

TEST_F(CaptureWriterTest, NothingAfterClose) {
  auto writer = CaptureWriter::create(path());
  ASSERT_TRUE(writer);
  ASSERT_TRUE(writer->close());
  EXPECT_FALSE(writer->write(1, frame(60)));
  EXPECT_FALSE(writer->flush());
  EXPECT_FALSE(writer->close());
}

TEST_F(CaptureWriterTest, RefusesFramesNoReaderTakes) {
  auto writer = CaptureWriter::create(path());
  ASSERT_TRUE(writer);
  EXPECT_FALSE(writer->write(1, std::vector<uint8_t>(262145)));
  EXPECT_TRUE(writer->write(1, std::vector<uint8_t>(262144)));
}

}  // namespace
}  // namespace skyhop::pcap
