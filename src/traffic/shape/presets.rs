//! Courses of days and weeks that were recorded, as weights.

crate::words! {
    /// A recorded week.
    #[derive(Default)]
    pub enum Week {
        /// A coding assistant: one working day with two humps, weekends at a third.
        #[default]
        Coding = "coding",
        /// A worldwide chat: three humps a day, weekends at a little over a half.
        Conversation = "conversation",
    }
}

crate::words! {
    /// A recorded day.
    #[derive(Default)]
    pub enum DayPreset {
        /// A chat at a single site: humps in the morning, in the afternoon and in the evening, almost nobody at night.
        #[default]
        Chat = "chat",
        /// No course at all, as calls of programs have it.
        Flat = "flat",
    }
}

impl Week {
    /// The weights of its 168 hours, from Monday 00:00 UTC on.
    pub(super) fn weights(self) -> Vec<f64> {
        let hours = match self {
            Week::Coding => &CODING,
            Week::Conversation => &CONVERSATION,
        };
        hours.iter().map(|&weight| f64::from(weight)).collect()
    }
}

impl DayPreset {
    /// The weights of its 24 hours, from midnight on.
    pub(super) fn weights(self) -> Vec<f64> {
        match self {
            DayPreset::Chat => CHAT.iter().map(|&weight| f64::from(weight)).collect(),
            DayPreset::Flat => vec![1.0; 24],
        }
    }
}

/// Requests a minute of the Azure coding service in May 2024, read off the plots of DynamoLLM (Stojkovic et al., HPCA 2025,
/// arXiv 2408.00741) and scaled to the trace's row counts.
#[rustfmt::skip]
const CODING: [u16; 168] = [
    1_102, 1_117, 1_105, 967, 838, 657, 540, 529, 486, 487, 487, 768, 1_286, 2_405, 3_406, 3_825, 3_639, 4_117, 4_508, 4_668, 4_310, 3_350, 2_624, 1_856,
    1_682, 1_758, 1_560, 1_079, 894, 716, 590, 476, 450, 530, 557, 842, 1_582, 2_873, 4_028, 4_012, 3_548, 4_396, 4_948, 4_928, 4_483, 3_222, 2_373, 1_832,
    1_657, 1_498, 1_361, 1_242, 927, 736, 663, 526, 518, 460, 589, 816, 1_488, 2_619, 3_500, 3_848, 3_955, 4_312, 4_870, 5_015, 4_815, 3_463, 2_245, 1_794,
    1_538, 1_373, 1_437, 1_136, 882, 761, 702, 554, 515, 537, 547, 853, 1_653, 2_440, 3_614, 3_824, 3_698, 4_307, 4_747, 4_812, 4_261, 3_095, 2_218, 1_736,
    1_285, 1_311, 1_145, 967, 771, 662, 549, 494, 425, 479, 497, 665, 1_209, 1_993, 2_943, 3_271, 2_989, 3_412, 3_521, 3_617, 3_472, 2_600, 1_880, 1_263,
    1_012, 925, 802, 790, 653, 525, 444, 318, 238, 198, 165, 283, 436, 590, 716, 785, 864, 972, 1_034, 1_053, 936, 861, 951, 817,
    800, 846, 775, 738, 630, 512, 403, 262, 209, 208, 214, 243, 363, 471, 604, 726, 780, 785, 918, 946, 1_072, 1_123, 1_030, 1_023,
];

/// The same of its conversation service.
#[rustfmt::skip]
const CONVERSATION: [u16; 168] = [
    2_630, 2_969, 2_986, 2_462, 2_482, 2_694, 3_074, 3_267, 3_440, 3_200, 3_150, 3_349, 3_603, 4_023, 4_486, 4_191, 3_677, 3_470, 3_413, 3_356, 3_165, 2_548, 2_491, 2_630,
    2_922, 3_040, 3_121, 2_541, 2_564, 2_725, 3_169, 3_525, 3_458, 3_381, 3_164, 3_448, 3_917, 4_188, 4_472, 4_205, 3_872, 3_620, 3_846, 3_531, 3_186, 2_823, 2_419, 2_306,
    2_709, 2_926, 2_795, 2_336, 2_437, 2_630, 2_998, 3_235, 3_295, 3_344, 3_054, 3_224, 3_664, 4_004, 4_083, 3_885, 3_498, 3_324, 3_454, 3_261, 2_837, 2_169, 2_060, 2_310,
    2_699, 3_104, 2_960, 2_484, 2_450, 2_707, 3_308, 3_460, 3_755, 3_568, 2_853, 3_005, 3_445, 4_008, 4_123, 3_631, 3_392, 3_358, 3_337, 3_039, 2_720, 2_392, 2_104, 2_354,
    2_801, 2_982, 2_899, 2_387, 2_475, 2_742, 3_022, 3_303, 3_209, 3_205, 2_840, 2_882, 3_188, 3_481, 3_507, 3_314, 3_052, 3_010, 2_648, 2_480, 2_325, 1_967, 1_624, 1_562,
    1_578, 1_678, 1_739, 1_416, 1_425, 1_511, 1_529, 1_667, 1_755, 1_537, 1_732, 1_889, 2_098, 2_085, 2_283, 2_312, 2_222, 2_048, 1_867, 1_784, 1_858, 1_732, 1_569, 1_469,
    1_522, 1_603, 1_530, 1_361, 1_278, 1_303, 1_353, 1_543, 1_547, 1_498, 1_490, 1_697, 1_740, 2_184, 2_036, 2_156, 1_971, 2_061, 2_093, 1_928, 1_862, 1_830, 1_732, 2_078,
];

/// Requests an hour of a campus chat, medians read off the plots of BurstGPT (Wang et al., KDD 2025, arXiv 2401.17644): 5
/// from 03 to 07, 160 at 10, 70 at noon, 190 at 15 and 16, 115 to 100 in the evening; straight between these hours.
#[rustfmt::skip]
const CHAT: [u16; 24] = [
    62, 43, 24, 5, 5, 5, 5, 5, 57, 108, 160, 115, 70, 110, 150, 190, 190, 152, 115, 111, 107, 104, 100, 81,
];
