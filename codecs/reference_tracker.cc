#include "codecs/reference_tracker.h"

#include <algorithm>

#include "core/base/check.h"

namespace diemcau::codecs {
namespace {

constexpr std::uint8_t kSlice = 1;
constexpr std::uint8_t kIdrSlice = 5;
constexpr std::uint8_t kSequence = 7;
constexpr std::uint8_t kPicture = 8;
// One slice per macroblock of the largest picture would be 3,600; ours have at most some hundred.
constexpr std::size_t kMaxSlices = 3600;

}  // namespace

void ReferenceTracker::reset() {
  sequence_.reset();
  picture_.reset();
  held_.clear();
  previous_.reset();
  current_.reset();
  missing_.clear();
}

AccessUnitKind ReferenceTracker::inspect(ByteSpan access_unit) {
  current_.reset();
  missing_.clear();
  std::vector<SliceHeader> slices;
  AccessUnitKind kind = AccessUnitKind::complete;
  bool has_parameters = false;
  const auto fail = [&](AccessUnitKind why) {
    if (kind == AccessUnitKind::complete) kind = why;
  };
  for_each_nal(access_unit, [&](ByteSpan nal) {
    const auto type = static_cast<std::uint8_t>(nal[0] & 0x1F);
    has_parameters = has_parameters || type == kSequence || type == kPicture;
    if (type == kSequence) {
      const auto parsed = parse_sequence(nal);
      if (!parsed) return fail(AccessUnitKind::malformed);
      if (parsed->width > max_width_ || parsed->height > max_height_) {
        return fail(AccessUnitKind::too_large);
      }
      sequence_ = parsed;
    } else if (type == kPicture) {
      picture_ = parse_picture(nal);
      if (!picture_) fail(AccessUnitKind::malformed);
    } else if (type == kSlice || type == kIdrSlice) {
      if (!sequence_ || !picture_) return fail(AccessUnitKind::missing_reference);
      const auto slice = parse_slice(nal, *sequence_, *picture_);
      if (!slice || slices.size() == kMaxSlices) return fail(AccessUnitKind::malformed);
      slices.push_back(*slice);
    }
  });
  if (kind == AccessUnitKind::complete) kind = check_slices(slices);
  // libavcodec never sees a malformed unit; parameter sets in it must not be used for what follows.
  const bool refused = kind == AccessUnitKind::malformed || kind == AccessUnitKind::too_large;
  if (refused && has_parameters) reset();
  return kind;
}

AccessUnitKind ReferenceTracker::check_slices(const std::vector<SliceHeader>& slices) {
  if (slices.empty()) return AccessUnitKind::malformed;
  const SliceHeader& first = slices.front();
  for (std::size_t i = 1; i < slices.size(); ++i) {
    const bool same = slices[i].idr == first.idr && slices[i].frame_number == first.frame_number;
    if (!same || slices[i].first_macroblock <= slices[i - 1].first_macroblock) {
      return AccessUnitKind::malformed;
    }
  }
  current_ = first;
  if (first.idr) {
    held_.clear();
    previous_.reset();
    return AccessUnitKind::complete;
  }
  if (!previous_) return AccessUnitKind::missing_reference;
  // The same number again would be a whole round of missing ones, of 2^16 at most.
  if (((first.frame_number - *previous_ - 1) & (numbers() - 1)) >= kMostAhead) {
    held_.clear();
    previous_.reset();
    return AccessUnitKind::missing_reference;
  }
  fill_gap(first.frame_number);
  const bool all =
      std::all_of(slices.begin(), slices.end(), [&](const auto& s) { return has_references(s); });
  return all ? AccessUnitKind::complete : AccessUnitKind::missing_reference;
}

void ReferenceTracker::finish(bool decoded) {
  if (!current_) return;
  // Before the first key frame there is nothing to number from.
  if (current_->idr || previous_) {
    push({current_->frame_number, decoded});
    previous_ = current_->frame_number;
  }
  current_.reset();
}

// Frames that never came hold their places in the window (§8.2.5.2).
void ReferenceTracker::fill_gap(std::uint32_t frame_number) {
  const std::uint32_t mask = numbers() - 1;
  for (std::uint32_t n = (*previous_ + 1) & mask; n != frame_number; n = (n + 1) & mask) {
    push({n, false});
    missing_.push_back(n);
    previous_ = n;
  }
}

void ReferenceTracker::push(Held held) {
  const std::size_t most = std::max<std::size_t>(1, sequence_->references);
  if (held_.size() >= most) {
    held_.erase(held_.begin(), held_.end() - static_cast<std::ptrdiff_t>(most - 1));
  }
  held_.push_back(held);
}

std::vector<ReferenceTracker::Held> ReferenceTracker::list_for(const SliceHeader& slice) const {
  std::vector<Held> list(held_.rbegin(), held_.rend());
  const std::uint32_t mask = numbers() - 1;
  std::uint32_t predicted = slice.frame_number;
  std::size_t at = 0;
  for (std::uint32_t i = 0; i < slice.step_count; ++i) {
    predicted = (predicted + static_cast<std::uint32_t>(slice.steps[i])) & mask;
    const auto named = std::find_if(held_.begin(), held_.end(),
                                    [&](const Held& h) { return h.frame_number == predicted; });
    const Held moved = named == held_.end() ? Held{predicted, false} : *named;
    list.insert(list.begin() + static_cast<std::ptrdiff_t>(std::min(at, list.size())), moved);
    ++at;
    const auto rest = list.begin() + static_cast<std::ptrdiff_t>(std::min(at, list.size()));
    list.erase(std::remove_if(rest, list.end(),
                              [&](const Held& h) { return h.frame_number == predicted; }),
               list.end());
  }
  return list;
}

bool ReferenceTracker::has_references(const SliceHeader& slice) const {
  if (slice.intra) return true;
  const std::vector<Held> list = list_for(slice);
  if (slice.active > list.size()) return false;
  return std::all_of(list.begin(), list.begin() + static_cast<std::ptrdiff_t>(slice.active),
                     [](const Held& h) { return h.good; });
}

}  // namespace diemcau::codecs
