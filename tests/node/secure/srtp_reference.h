// SRTP with AES-256-GCM written once more from the RFCs (3711 §4.3, 6188, 7714) on OpenSSL, so that
// libsrtp can be compared with something that is not libsrtp.
#pragma once

#include <openssl/evp.h>

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace diemcau::test {

using Bytes = std::vector<std::uint8_t>;

struct SessionKey {
  std::array<std::uint8_t, 32> key{};
  std::array<std::uint8_t, 12> salt{};
};

inline std::unique_ptr<EVP_CIPHER_CTX, void (*)(EVP_CIPHER_CTX*)> cipher_context() {
  return {EVP_CIPHER_CTX_new(), EVP_CIPHER_CTX_free};
}

// AES-256-CM keystream for a label: 0 and 2 for RTP, 3 and 5 for RTCP. `master` is key, then salt.
// A salt of 96 bits stands at the left of the 112 bits (RFC 7714 §11).
inline Bytes derive(const Bytes& master, std::uint8_t label, std::size_t size) {
  std::array<std::uint8_t, 16> counter{};
  for (std::size_t i = 0; i + 32 < master.size(); ++i) counter[i] = master[32 + i];
  counter[7] ^= label;
  const auto context = cipher_context();
  Bytes zeros(size, 0), out(size);
  int got = 0;
  EVP_EncryptInit_ex(context.get(), EVP_aes_256_ctr(), nullptr, master.data(), counter.data());
  EVP_EncryptUpdate(context.get(), out.data(), &got, zeros.data(), static_cast<int>(size));
  return out;
}

inline SessionKey session_key(const std::array<std::uint8_t, 44>& srtp_key, bool rtcp) {
  SessionKey k;
  const Bytes master(srtp_key.begin(), srtp_key.end());
  const Bytes key = derive(master, rtcp ? 3 : 0, 32), salt = derive(master, rtcp ? 5 : 2, 12);
  std::copy(key.begin(), key.end(), k.key.begin());
  std::copy(salt.begin(), salt.end(), k.salt.begin());
  return k;
}

inline Bytes gcm(const SessionKey& k, const std::array<std::uint8_t, 12>& iv, const Bytes& aad,
                 const Bytes& plain) {
  const auto context = cipher_context();
  Bytes out(plain.size() + 16);
  int n = 0;
  EVP_EncryptInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, k.key.data(), iv.data());
  EVP_EncryptUpdate(context.get(), nullptr, &n, aad.data(), static_cast<int>(aad.size()));
  EVP_EncryptUpdate(context.get(), out.data(), &n, plain.data(), static_cast<int>(plain.size()));
  EVP_EncryptFinal_ex(context.get(), out.data() + plain.size(), &n);
  EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, 16, out.data() + plain.size());
  return out;
}

// RFC 7714 §8.1: 00 00, SSRC, ROC, SEQ, xored with the salt.
inline Bytes reference_rtp(const SessionKey& k, const Bytes& packet, std::size_t header,
                           std::uint32_t roc = 0) {
  std::array<std::uint8_t, 12> iv{};
  for (std::size_t i = 0; i < 4; ++i) {
    iv[2 + i] = packet[8 + i];
    iv[6 + i] = static_cast<std::uint8_t>(roc >> (24 - 8 * i));
  }
  iv[10] = packet[2];
  iv[11] = packet[3];
  for (std::size_t i = 0; i < 12; ++i) iv[i] ^= k.salt[i];
  const auto cut = packet.begin() + static_cast<std::ptrdiff_t>(header);
  Bytes out(packet.begin(), cut);
  const Bytes sealed = gcm(k, iv, out, Bytes(cut, packet.end()));
  out.insert(out.end(), sealed.begin(), sealed.end());
  return out;
}

// RFC 7714 §9.1: 00 00, SSRC, 00 00, 0 and SRTCP index; the associated data are header and the word
// with E bit and index, which stands at the end.
inline Bytes reference_rtcp(const SessionKey& k, const Bytes& packet, std::uint32_t index) {
  std::array<std::uint8_t, 12> iv{};
  Bytes word(4);
  for (std::size_t i = 0; i < 4; ++i) {
    iv[2 + i] = packet[4 + i];
    iv[8 + i] = static_cast<std::uint8_t>(index >> (24 - 8 * i));
    word[i] = static_cast<std::uint8_t>((index | 0x8000'0000U) >> (24 - 8 * i));
  }
  for (std::size_t i = 0; i < 12; ++i) iv[i] ^= k.salt[i];
  Bytes out(packet.begin(), packet.begin() + 8), aad = out;
  aad.insert(aad.end(), word.begin(), word.end());
  const Bytes sealed = gcm(k, iv, aad, Bytes(packet.begin() + 8, packet.end()));
  out.insert(out.end(), sealed.begin(), sealed.end());
  out.insert(out.end(), word.begin(), word.end());
  return out;
}

}  // namespace diemcau::test
