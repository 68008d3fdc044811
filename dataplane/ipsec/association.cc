#include "dataplane/ipsec/association.h"

#include <netinet/in.h>
#include <rte_cryptodev.h>
#include <rte_errno.h>

#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>

namespace skyhop::dataplane::ipsec {
namespace {

std::string describe_errno(int code) { return rte_strerror(code < 0 ? -code : code); }

constexpr size_t kCacheLine = 64;

void* allocate(size_t size) {
  void* memory = std::aligned_alloc(kCacheLine, (size + kCacheLine - 1) & ~(kCacheLine - 1));
  if (memory == nullptr) std::abort();
  std::memset(memory, 0, size);
  return memory;
}

rte_crypto_cipher_algorithm cipher_of(Cipher cipher) {
  switch (cipher) {
    case Cipher::triple_des_cbc:
      return RTE_CRYPTO_CIPHER_3DES_CBC;
    case Cipher::des_cbc:
      return RTE_CRYPTO_CIPHER_DES_CBC;
    case Cipher::null:
      return RTE_CRYPTO_CIPHER_NULL;
    default:
      return RTE_CRYPTO_CIPHER_AES_CBC;
  }
}

rte_crypto_auth_algorithm auth_of(Integrity integrity) {
  switch (integrity) {
    case Integrity::hmac_sha1_96:
      return RTE_CRYPTO_AUTH_SHA1_HMAC;
    case Integrity::hmac_sha256_128:
      return RTE_CRYPTO_AUTH_SHA256_HMAC;
    case Integrity::hmac_sha384_192:
      return RTE_CRYPTO_AUTH_SHA384_HMAC;
    case Integrity::hmac_sha512_256:
      return RTE_CRYPTO_AUTH_SHA512_HMAC;
    case Integrity::hmac_md5_96:
      return RTE_CRYPTO_AUTH_MD5_HMAC;
    case Integrity::none:
      break;
  }
  return RTE_CRYPTO_AUTH_NULL;
}

// The chain that cryptodev and librte_ipsec want: cipher then integrity to seal, the reverse to
// open; one alone for GCM. The keys must outlive it.
struct Chain {
  rte_crypto_sym_xform cipher{};
  rte_crypto_sym_xform integrity{};
  rte_crypto_sym_xform* first = &cipher;

  Chain(const AssociationSpec& spec, Direction direction) {
    const TransformSizes sizes = sizes_of(spec.transform);
    const bool seals = direction == Direction::seal;
    const auto key_length = static_cast<uint16_t>(sizes.cipher_key);
    const uint16_t icv = static_cast<uint16_t>(sizes.icv);
    if (sizes.is_aead) {
      constexpr uint16_t kNonce = 12, kAad = 8, kExtendedAad = 12;  // RFC 4106 4, 5
      cipher.type = RTE_CRYPTO_SYM_XFORM_AEAD;
      rte_crypto_aead_xform& aead = cipher.aead;
      aead.op = seals ? RTE_CRYPTO_AEAD_OP_ENCRYPT : RTE_CRYPTO_AEAD_OP_DECRYPT;
      aead.algo = RTE_CRYPTO_AEAD_AES_GCM;
      aead.key.data = spec.keys.cipher_key.data();
      aead.key.length = key_length;
      aead.iv.offset = kIvOffset;
      aead.iv.length = kNonce;
      aead.digest_length = icv;
      aead.aad_length = spec.sequence_numbers == SequenceNumbers::extended ? kExtendedAad : kAad;
      return;
    }
    cipher.type = RTE_CRYPTO_SYM_XFORM_CIPHER;
    cipher.cipher.op = seals ? RTE_CRYPTO_CIPHER_OP_ENCRYPT : RTE_CRYPTO_CIPHER_OP_DECRYPT;
    cipher.cipher.algo = cipher_of(spec.transform.cipher);
    cipher.cipher.key.data = spec.keys.cipher_key.data();
    cipher.cipher.key.length = key_length;
    cipher.cipher.iv.offset = kIvOffset;
    cipher.cipher.iv.length = static_cast<uint16_t>(sizes.iv);
    integrity.type = RTE_CRYPTO_SYM_XFORM_AUTH;
    integrity.auth.op = seals ? RTE_CRYPTO_AUTH_OP_GENERATE : RTE_CRYPTO_AUTH_OP_VERIFY;
    integrity.auth.algo = auth_of(spec.transform.integrity);
    integrity.auth.key.data = spec.keys.integrity_key.data();
    integrity.auth.key.length = static_cast<uint16_t>(sizes.integrity_key);
    integrity.auth.digest_length = icv;
    first = seals ? &cipher : &integrity;
    first->next = seals ? &integrity : &cipher;
  }
};

}  // namespace

uint32_t library_window(uint32_t packets) {
  constexpr uint32_t kWord = 64;
  if (packets == 0) return 0;
  // The library takes a power of two of words, two at least. A window of n packets may touch
  // n / 64 + 1 of them: with fewer, moving on would wipe bits that are still in the window.
  const uint32_t words = std::max(std::bit_ceil((packets + kWord - 1) / kWord), 2u);
  return words * kWord < packets + kWord ? words * kWord + 1 : packets;
}

void Half::Free::operator()(void* memory) const { std::free(memory); }

Result<Half> Half::create(const AssociationSpec& spec, const Engine& engine, Direction direction) {
  const bool seals = direction == Direction::seal;
  const TransformSizes sizes = sizes_of(spec.transform);
  const auto refuse = [&](const char* what, int code) {
    return fail(std::string(what) + " " + to_string(spec.transform) + ": " + describe_errno(code),
                engine.driver());
  };
  Chain chain(spec, direction);
  const OuterTemplate outer = outer_template(spec.source, spec.destination, spec.udp);
  rte_ipsec_sa_prm parameters{};
  rte_security_ipsec_xform& ipsec = parameters.ipsec_xform;
  ipsec.spi = spec.keys.spi;
  ipsec.direction = seals ? RTE_SECURITY_IPSEC_SA_DIR_EGRESS : RTE_SECURITY_IPSEC_SA_DIR_INGRESS;
  ipsec.proto = RTE_SECURITY_IPSEC_SA_PROTO_ESP;
  ipsec.mode = RTE_SECURITY_IPSEC_SA_MODE_TUNNEL;
  ipsec.tunnel.type = RTE_SECURITY_IPSEC_TUNNEL_IPV4;
  ipsec.options.esn = spec.sequence_numbers == SequenceNumbers::extended ? 1 : 0;
  // The opening half gets the sequence number that was seen last, the sealing one the next to use.
  ipsec.esn.value = seals ? spec.first_sequence : spec.first_sequence - 1;
  if (seals) {
    ipsec.options.ecn = ipsec.options.copy_dscp = 1;
    ipsec.options.udp_encap = spec.udp == UdpEncapsulation::on ? 1 : 0;
    ipsec.udp.sport = ipsec.udp.dport = kNatTraversalPort;
  } else {
    ipsec.replay_win_sz = library_window(spec.replay_window);
  }
  if (sizes.salt != 0) {
    std::memcpy(&ipsec.salt, spec.keys.cipher_key.data() + sizes.cipher_key, sizeof ipsec.salt);
  }
  parameters.crypto_xform = chain.first;
  parameters.tun.hdr = outer.data();
  parameters.tun.hdr_len = static_cast<uint8_t>(outer.size());
  parameters.tun.hdr_l3_off = kEthernet;
  parameters.tun.next_proto = IPPROTO_IPIP;

  Half half;
  const int size = rte_ipsec_sa_size(&parameters);
  if (size < 0) return refuse("no SA is possible with", size);
  half.sa_.reset(static_cast<rte_ipsec_sa*>(allocate(static_cast<size_t>(size))));
  if (const int code = rte_ipsec_sa_init(half.sa_.get(), &parameters, static_cast<uint32_t>(size));
      code < 0) {
    return refuse("cannot make an SA with", code);
  }
  half.session_.reset(static_cast<rte_ipsec_session*>(allocate(sizeof(rte_ipsec_session))));
  half.session_->sa = half.sa_.get();
  half.session_->type = engine.works_in_call() && sizes.is_aead
                            ? RTE_SECURITY_ACTION_TYPE_CPU_CRYPTO
                            : RTE_SECURITY_ACTION_TYPE_NONE;
  half.session_->crypto.dev_id = engine.id();
  half.session_->crypto.ses = static_cast<rte_cryptodev_sym_session*>(
      rte_cryptodev_sym_session_create(engine.id(), chain.first, engine.sessions()));
  if (half.session_->crypto.ses == nullptr) return refuse("cannot do", rte_errno);
  if (const int code = rte_ipsec_session_prepare(half.session_.get()); code != 0) {
    return refuse("cannot use", code);
  }
  return half;
}

Half::Half(Half&& other) noexcept
    : session_(std::move(other.session_)), sa_(std::move(other.sa_)) {}

Half::~Half() {
  if (session_ && session_->crypto.ses != nullptr) {
    rte_cryptodev_sym_session_free(session_->crypto.dev_id, session_->crypto.ses);
  }
}

Result<std::unique_ptr<Association>> Association::create(const AssociationSpec& spec,
                                                         const Engine& engine) {
  if (auto checked = check_keys(spec.keys, spec.transform); !checked) {
    return std::unexpected(checked.error());
  }
  auto seal = Half::create(spec, engine, Direction::seal);
  if (!seal) return std::unexpected(seal.error());
  auto open = Half::create(spec, engine, Direction::open);
  if (!open) return std::unexpected(open.error());
  return std::make_unique<Association>(spec, engine, std::move(*seal), std::move(*open));
}

Association::Association(const AssociationSpec& spec_in, const Engine& engine_in, Half seal_half,
                         Half open_half)
    : seal(std::move(seal_half)),
      open(std::move(open_half)),
      spi(spec_in.keys.spi),
      constants(constant_sum(outer_template(spec_in.source, spec_in.destination, spec_in.udp))),
      outer_length(kEthernet + kIpv4 + (spec_in.udp == UdpEncapsulation::on ? kUdp : 0)),
      engine(engine_in.id()),
      works_in_call(seal.session()->type == RTE_SECURITY_ACTION_TYPE_CPU_CRYPTO),
      window(library_window(spec_in.replay_window),
             spec_in.sequence_numbers == SequenceNumbers::extended, spec_in.first_sequence - 1),
      spec(spec_in) {
  const TransformSizes sizes = sizes_of(spec.transform);
  iv = sizes.iv;
  icv = sizes.icv;
  block_mask = sizes.block - 1;
  const uint32_t payload = (kIpv4 + kEspTrailer + block_mask) & ~block_mask;
  least_length = kEspHeader + iv + payload + icv;
  const uint64_t last =
      spec.sequence_numbers == SequenceNumbers::extended ? ~uint64_t{0} : uint64_t{0xffffffff};
  // The library leaves the last number unused.
  sequence_packets = last - spec.first_sequence;
}

}  // namespace skyhop::dataplane::ipsec
