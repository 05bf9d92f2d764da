#!/usr/bin/python3
"""What ./dev bench nodes makes of figures: intervals, what the machine may add, and rows."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import verdict  # noqa: E402
from cases import all_cases  # noqa: E402

CASES = {case.name: case for case in all_cases()}
GOOD = {"late_pictures_per_s": 0, "emulator_late_p99_ms": 0.2, "emulator_lost": 0, "least_encode_effort": 3}


def run(figures, **machine):
    return {"figures": figures, "slow": verdict.slow({**GOOD, **machine}), "psnr": None}


def rows(real, lab, added=None, case="loss-5-rtt40"):
    return {r["metric"]: r for r in verdict.rows_of(CASES[case], real, lab, added or {}, 60)}


class Interval(unittest.TestCase):
    LAB = [{"video_p95": v} for v in (90.0, 91.0, 92.0)]

    def test_a_figure_like_the_labs_is_inside(self):
        self.assertTrue(rows([run({"video_p95": 91.5})], self.LAB)["video_p95"]["pass"])

    def test_a_figure_that_no_seed_explains_is_outside_on_either_side(self):
        for value in (80.0, 102.0):
            self.assertFalse(rows([run({"video_p95": value})], self.LAB)["video_p95"]["pass"], value)

    def test_what_the_machine_adds_on_a_clean_line_is_allowed_elsewhere(self):
        added = verdict.added_by_machine([{"video_p95": 62.0}], [{"video_p95": 52.0}])
        self.assertEqual(added["video_p95"], 10.0)
        self.assertTrue(rows([run({"video_p95": 102.0})], self.LAB, added)["video_p95"]["pass"])

    def test_the_machine_may_not_add_more_than_a_picture(self):
        added = verdict.added_by_machine([{"video_p95": 500.0}], [{"video_p95": 52.0}])
        self.assertEqual(added["video_p95"], verdict.FIGURES["video_p95"][2])

    def test_the_median_of_the_seeds_is_judged(self):
        real = [run({"video_p95": v}) for v in (91.0, 91.5, 300.0)]
        self.assertTrue(rows(real, self.LAB)["video_p95"]["pass"])
        self.assertEqual(rows(real, self.LAB)["video_p95"]["most"], 300.0)

    def test_a_figure_that_nodes_do_not_have_is_a_miss(self):
        self.assertFalse(rows([run({})], self.LAB)["video_p95"]["pass"])


class Machine(unittest.TestCase):
    LAB = [{"picture_rate": 30.0}, {"picture_rate": 29.9}]

    def test_what_is_outside_on_a_machine_that_was_too_slow_says_nothing(self):
        row = rows([run({"picture_rate": 20.0}, late_pictures_per_s=9)], self.LAB)["picture_rate"]
        self.assertNotIn("pass", row)
        self.assertIn("late_pictures_per_s", row["machine"][0])

    def test_what_is_outside_on_a_machine_that_kept_up_is_a_miss(self):
        self.assertFalse(rows([run({"picture_rate": 20.0})], self.LAB)["picture_rate"]["pass"])

    def test_half_of_the_pictures_is_the_machines_and_light_effort_is_not(self):
        self.assertTrue(verdict.slow({**GOOD, "least_encode_effort": 0}))
        self.assertFalse(verdict.slow({**GOOD, "least_encode_effort": 1}))


class Mesh(unittest.TestCase):
    def test_the_worst_pair_counts_and_rates_add_up(self):
        pairs = {("a", "b"): {"picture_rate": 30, "video_p95": 80, "sent_kbps": 1000},
                 ("b", "a"): {"picture_rate": 28, "video_p95": 90, "sent_kbps": 500}}
        found = verdict.figures_of(CASES["mesh-4"], pairs)
        self.assertEqual((found["picture_rate"], found["video_p95"], found["sent_kbps"]), (28, 90, 1500))

    def test_a_fixed_bar_is_missed_by_the_worst_seed(self):
        real = [run({"picture_gap": v}) for v in (100.0, 110.0, 160.0)]
        found = rows(real, [{"picture_gap": 100.0}, {"picture_gap": 160.0}], case="mesh-4")
        self.assertTrue(found["picture_gap"]["pass"])
        self.assertFalse(found["picture_gap_bar"]["pass"])


class Pictures(unittest.TestCase):
    def test_a_picture_that_repair_did_not_give_back_whole_is_a_miss(self):
        for db, good in ((39.9, True), (38.0, False)):
            real = [{"psnr": (db, 1800)}]
            row = next(verdict.psnr_rows(CASES["loss-5-rtt40"], real, 40.0))
            self.assertEqual(row["pass"], good)

    def test_where_the_line_has_no_room_quality_is_only_looked_at(self):
        row = next(verdict.psnr_rows(CASES["bufferbloat"], [{"psnr": (30.0, 1800)}], 40.0))
        self.assertNotIn("pass", row)


if __name__ == "__main__":
    unittest.main()
