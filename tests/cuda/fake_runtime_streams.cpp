// SPDX-License-Identifier: Apache-2.0
//
// The fake runtime's streams, events and graphs.
#include "cuda/fake_runtime.hpp"
#include "cuda/fake_runtime_state.hpp"

namespace {

using fake::call;
using fake::made;
using fake::named;
using fake::the;

constexpr bool anytime = true, not_captured = false;

/// A new handle: its address is all there is to it.
template <class Handle>
Handle new_handle() {
  static char names[1 << 20];  // never reused, so that a dead handle stays dead
  static std::size_t next = 0;
  return reinterpret_cast<Handle>(&names[next++ % sizeof names]);
}

cudaError_t new_stream(char const* name, cudaStream_t* out) {
  return made(named(name), anytime, [&](call&) {
    *out = new_handle<cudaStream_t>();
    the().streams[*out] = std::make_unique<fake::stream>(fake::stream{fake::current_device()});
    return cudaSuccess;
  });
}

cudaError_t new_event(char const* name, cudaEvent_t* out) {
  return made(named(name), anytime, [&](call&) {
    *out = new_handle<cudaEvent_t>();
    the().events.insert(*out);
    return cudaSuccess;
  });
}

cudaError_t on_event(char const* name, cudaEvent_t event, bool allowed) {
  return made(named(name), allowed,
              [&](call&) { return the().events.contains(event) ? cudaSuccess : cudaErrorInvalidResourceHandle; });
}

cudaError_t on_stream(char const* name, cudaStream_t stream, bool allowed) {
  return made(named(name, stream), allowed, [](call& c) {
    return c.stream == nullptr || fake::find(c.stream) != nullptr ? cudaSuccess : cudaErrorInvalidResourceHandle;
  });
}

}  // namespace

extern "C" {

cudaError_t cudaStreamCreate(cudaStream_t* out) { return new_stream("cudaStreamCreate", out); }
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* out, unsigned) {
  return new_stream("cudaStreamCreateWithFlags", out);
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  return made(named("cudaStreamDestroy", stream), anytime,
              [&](call&) { return the().streams.erase(stream) == 1 ? cudaSuccess : cudaErrorInvalidResourceHandle; });
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  return on_stream("cudaStreamSynchronize", stream, not_captured);
}
cudaError_t cudaStreamQuery(cudaStream_t stream) { return on_stream("cudaStreamQuery", stream, not_captured); }
cudaError_t cudaStreamGetDevice(cudaStream_t stream, int* number) {
  return made(named("cudaStreamGetDevice", stream), anytime, [&](call&) {
    fake::stream const* const s = fake::find(stream);
    if (stream != nullptr && s == nullptr) return cudaErrorInvalidResourceHandle;
    *number = s == nullptr ? fake::current_device() : s->device;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t, unsigned) {
  return on_stream("cudaStreamWaitEvent", stream, anytime);
}
cudaError_t cudaEventCreate(cudaEvent_t* out) { return new_event("cudaEventCreate", out); }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* out, unsigned) { return new_event("cudaEventCreateWithFlags", out); }
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  return made(named("cudaEventDestroy"), anytime,
              [&](call&) { return the().events.erase(event) == 1 ? cudaSuccess : cudaErrorInvalidResourceHandle; });
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t) { return on_event("cudaEventRecord", event, anytime); }
cudaError_t cudaEventSynchronize(cudaEvent_t event) { return on_event("cudaEventSynchronize", event, not_captured); }
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t first, cudaEvent_t last) {
  return made(named("cudaEventElapsedTime"), not_captured, [&](call&) {
    if (!the().events.contains(first) || !the().events.contains(last)) return cudaErrorInvalidResourceHandle;
    *milliseconds = 1;
    return cudaSuccess;
  });
}
cudaError_t cudaEventQuery(cudaEvent_t event) { return on_event("cudaEventQuery", event, not_captured); }

cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  return made(named("cudaStreamBeginCapture", stream), anytime, [&](call&) {
    fake::stream* const s = fake::find(stream);
    if (stream == nullptr) return cudaErrorStreamCaptureUnsupported;
    if (s == nullptr) return cudaErrorInvalidResourceHandle;
    if (s->capturing) return cudaErrorIllegalState;
    *s = {s->device, true, true, 0};
    return cudaSuccess;
  });
}
cudaError_t cudaStreamIsCapturing(cudaStream_t stream, cudaStreamCaptureStatus* status) {
  return made(named("cudaStreamIsCapturing", stream), anytime, [&](call&) {
    fake::stream const* const s = fake::find(stream);
    *status = s == nullptr || !s->capturing ? cudaStreamCaptureStatusNone
              : s->valid                    ? cudaStreamCaptureStatusActive
                                            : cudaStreamCaptureStatusInvalidated;
    return cudaSuccess;
  });
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* out) {
  return made(named("cudaStreamEndCapture", stream), anytime, [&](call&) {
    fake::stream* const s = fake::find(stream);
    if (s == nullptr || !s->capturing) return cudaErrorIllegalState;
    s->capturing = false;
    *out = nullptr;
    if (!s->valid) return cudaErrorStreamCaptureInvalidated;
    *out = new_handle<cudaGraph_t>();
    the().graphs[*out] = s->nodes;
    return cudaSuccess;
  });
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* out, cudaGraph_t graph, unsigned long long) {
  return made(named("cudaGraphInstantiate"), anytime, [&](call&) {
    if (!the().graphs.contains(graph)) return cudaErrorInvalidValue;
    *out = new_handle<cudaGraphExec_t>();
    the().executables[*out] = the().graphs[graph];
    return cudaSuccess;
  });
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  return made(named("cudaGraphLaunch", stream), anytime,
              [&](call& c) { return the().executables.contains(graph) ? fake::enqueue(c) : cudaErrorInvalidValue; });
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  return made(named("cudaGraphDestroy"), anytime,
              [&](call&) { return the().graphs.erase(graph) == 1 ? cudaSuccess : cudaErrorInvalidValue; });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  return made(named("cudaGraphExecDestroy"), anytime,
              [&](call&) { return the().executables.erase(graph) == 1 ? cudaSuccess : cudaErrorInvalidValue; });
}

}  // extern "C"
