"""What the generated source draws and sounds like, as codecs/generated_source.h documents it, read
with numpy for any size of picture.

16 x 9 squares. Rows 0 and 1, columns 1 ... 14: 24 bits of frame number, then 4 check bits. Rows 2
... 8 are white in picture 0 of every whole second of CLOCK_MONOTONIC. The number counts pictures
since second 0, so that it tells the capture time by itself."""
import numpy as np

FPS = 30
COLUMNS, ROWS = 16, 9
CODE_COLUMNS, CODE_ROWS, NUMBER_BITS = 14, 2, 24
NUMBERS = 1 << NUMBER_BITS
WHITE_ABOVE = 126
FLASH_ABOVE = 180
BEEP_HZ = 1000.0
TONE_AMPLITUDE = 1000.0
TONE_AUDIBLE = 300.0  # amplitude; a codec may take some of the 1,000


def squares(luma):
    """Mean luma of the middle half of every code square: [pictures, 28]."""
    _, height, width = luma.shape
    high, wide = height / ROWS, width / COLUMNS
    means = []
    for row in range(CODE_ROWS):
        for column in range(1, CODE_COLUMNS + 1):
            top, left = (row + 0.25) * high, (column + 0.25) * wide
            means.append(luma[:, round(top):max(round(top + high / 2), round(top) + 1),
                              round(left):max(round(left + wide / 2), round(left) + 1)]
                         .mean(axis=(1, 2)))
    return np.stack(means, axis=1)


def check_value(number):
    """15 - (sum of the six 4-bit digits) mod 16."""
    return 15 - sum((number >> 4 * digit) & 15 for digit in range(6)) % 16


def frame_numbers(luma):
    """Number in every picture, -1 where it cannot be read."""
    if not len(luma):
        return np.array([], np.int64)
    bits = (squares(luma) > WHITE_ABOVE).astype(np.int64)
    number = bits[:, :NUMBER_BITS] @ (1 << np.arange(NUMBER_BITS - 1, -1, -1))
    said = bits[:, NUMBER_BITS:] @ (1 << np.arange(3, -1, -1))
    return np.where(said == check_value(number), number, -1)


def flashing(luma):
    """Whether rows 2 ... 8 are white, per picture."""
    if not len(luma):
        return np.array([], bool)
    height = luma.shape[1]
    area = luma[:, round(height * 2.2 / ROWS):round(height * 8.8 / ROWS)]
    return (area > FLASH_ABOVE).mean(axis=(1, 2)) > 0.9


def captured_s(numbers, near_s=None):
    """Second of CLOCK_MONOTONIC at which the picture was captured. The number starts anew after
    2^24 pictures (155 hours at 30 fps): `near_s` says which turn it is."""
    seconds = np.asarray(numbers, float) / FPS
    if near_s is not None:
        turn = NUMBERS / FPS
        seconds = seconds + turn * np.round((np.asarray(near_s) - seconds) / turn)
    return seconds


def tone_of(index):
    """Hz of the tone of the bridge with this index in the roster."""
    return 300.0 + 50.0 * (index if index < 13 else index + 3)


def find_picture(tile):
    """Where in a tile the source's picture stands, as (rows, columns): where its numbers can be
    read best. It is 16:9, in the middle of the tile's width, as wide as four fifths of it or more.
    None when no place reads half of the pictures."""
    _, height, width = tile.shape
    sample = tile[len(tile) // 2::max(1, len(tile) // 24)]
    found = []
    for wide in range(width, width * 4 // 5, -4):
        high = round(wide * ROWS / COLUMNS)
        left = (width - wide) // 2
        for top in range(0, height - high + 1, 2):
            area = slice(top, top + high), slice(left, left + wide)
            share = (frame_numbers(sample[:, area[0], area[1]]) >= 0).mean()
            found.append((share, top, area))
    best = max((share for share, _, _ in found), default=0)
    if best < 0.5:
        return None
    good = [entry for entry in found if entry[0] == best]
    return sorted(good, key=lambda entry: (entry[2][1].start, entry[1]))[len(good) // 2][2]
