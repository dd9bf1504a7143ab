// SPDX-License-Identifier: Apache-2.0
//
// Safetensors whose header is damaged or doctored: each mistake has its own message.
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "bad_input.hpp"
#include "bad_safetensors.hpp"

namespace {

struct bad_header {
  std::string_view header;
  std::string_view part;  // of the message
};

}  // namespace

using bad_input::complaint_about;
using bad_input::has;
using bad_input::with_header;

TEST_CASE("safetensors: every way a header can be wrong has its message") {
  std::string const data(8, '\0');
  for (
      bad_header const& bad : std::vector<bad_header>{
          {R"([1])", "a header that is a JSON object"},
          {"\xef\xbb\xbf{}", "a header that is a JSON object"},
          {R"({"a":)", "line 1, column 6"},
          {"{\"\n\"}", "a header in JSON"},
          {R"({} {})", "a header in JSON"},
          {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{}})", "\"a\" twice"},
          {R"({"a":{"dtype":"F32","dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "\"dtype\" twice"},
          {R"({"a":7})", "tensor 'a' to be described by an object"},
          {R"({"a":{"shape":[2],"data_offsets":[0,8]}})", "\"dtype\""},
          {R"({"a":{"dtype":"F32","data_offsets":[0,8]}})", "\"shape\""},
          {R"({"a":{"dtype":"F32","shape":[2]}})", "\"data_offsets\""},
          {R"({"a":{"dtype":"F33","shape":[2],"data_offsets":[0,8]}})", "a known dtype, found \"F33\""},
          {R"({"a":{"dtype":4,"shape":[2],"data_offsets":[0,8]}})", "a known dtype, found 4"},
          {R"({"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", "shape of non-negative integers, found [-2]"},
          {R"({"a":{"dtype":"F32","shape":[2.0],"data_offsets":[0,8]}})", "shape of non-negative integers"},
          {R"({"a":{"dtype":"F32","shape":2,"data_offsets":[0,8]}})", "shape of non-negative integers"},
          {R"({"a":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}})", "non-negative integers"},
          {R"({"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}})", "a size below 2^64"},
          {R"({"a":{"dtype":"F64","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}})", "a size below 2^64"},
          {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}})", "two non-negative integers"},
          {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}})", "two non-negative integers"},
          {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", "to lie in the 8 bytes"},
          {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", "to lie in the 8 bytes"},
          {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[8,18446744073709551615]}})", "to lie in the 8 bytes"},
          {R"({"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}})", "12 bytes (F32 [3]), found 8"},
          {R"({"a":{"dtype":"F16","shape":[2],"data_offsets":[0,8]}})", "4 bytes (F16 [2]), found 8"},
          {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", "4 bytes of data, found 8"},
          {R"({"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}})", "a gap"},
          {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}})",
           "an overlap"},
          {R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})",
           "an overlap"},
          {R"({})", "0 bytes of data, found 8"},
          {R"({"__metadata__":{"a":1},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", "__metadata__"},
      }) {
    CAPTURE(bad.header);
    std::string const message = complaint_about(with_header(bad.header, data));
    CAPTURE(message);
    CHECK(has(message, bad.part));
  }
}
