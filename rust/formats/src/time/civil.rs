//! The proleptic Gregorian calendar.

use super::TimeError;

/// Seconds of a day.
pub(crate) const DAY_S: i64 = 86_400;

/// A date, a time of day and an offset, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year, 0 to 9999.
    pub year: u32,
    /// 1 to 12.
    pub month: u32,
    /// 1 to 31.
    pub day: u32,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
    /// 0 to 60.
    pub second: u32,
    /// 0 to 999,999,999.
    pub nanosecond: u32,
    /// Seconds east of UTC.
    pub offset_s: i32,
}

/// Days since 1970-01-01.
#[inline(always)]
pub const fn days_from_civil(year: u32, month: u32, day: u32) -> i64 {
    // The year begins in March, so that the leap day is its last and months have a regular length.
    let january_or_february = (month < 3) as u32;
    let year = year + 400 - january_or_february;
    let month = month + 12 * january_or_february;
    let century = year / 100;
    let days = 1461 * year / 4 - century + century / 4 + (979 * month - 2919) / 32 + day;
    days as i64 - 865_566
}

/// The month whose English name begins with these letters, in letters of any size.
#[inline(always)]
pub(crate) fn month_of([a, b, c]: [u8; 3]) -> Option<u32> {
    const NAMES: [[u8; 3]; 12] =
        [*b"jan", *b"feb", *b"mar", *b"apr", *b"may", *b"jun", *b"jul", *b"aug", *b"sep", *b"oct", *b"nov", *b"dec"];
    // The sum of the last two letters tells them apart.
    const fn place(b: u8, c: u8) -> usize {
        (b as usize + c as usize) & 31
    }
    const MONTHS: [u8; 32] = {
        let mut months = [0; 32];
        let mut i = 0;
        while i < 12 {
            assert!(months[place(NAMES[i][1], NAMES[i][2])] == 0, "no two months have the same sum");
            months[place(NAMES[i][1], NAMES[i][2])] = i as u8 + 1;
            i += 1;
        }
        months
    };
    let name = [a | 0x20, b | 0x20, c | 0x20];
    let month = u32::from(MONTHS[place(name[1], name[2])]);
    (NAMES.get(month.wrapping_sub(1) as usize) == Some(&name)).then_some(month)
}

/// The year, month and day of a number of days since 1970-01-01, for years 0 to 9999.
pub(crate) fn civil_from_days(days: i64) -> (u32, u32, u32) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let day_of_era = shifted.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (u32::try_from(year).unwrap_or_default(), month as u32, day as u32)
}

pub(crate) const fn is_leap(year: u32) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// The last day of a month; 0 where there is no such month.
#[inline(always)]
pub(crate) const fn month_len(year: u32, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    }
}

impl Civil {
    /// Whether there is such a moment.
    #[inline(always)]
    pub fn check(&self) -> Result<(), TimeError> {
        if self.day.wrapping_sub(1) >= month_len(self.year, self.month) || self.hour > 23 || self.minute > 59 || self.second > 60 {
            return Err(self.out_of_range());
        }
        Ok(())
    }

    /// Nanoseconds since the Unix epoch.
    #[inline(always)]
    pub fn unix_nano(&self) -> Result<u64, TimeError> {
        self.unix_nano_at(|_| self.offset_s)
    }

    /// The same in a zone: `offset_s` answers seconds east of UTC for what its clocks show, as seconds.
    #[inline(always)]
    pub(crate) fn unix_nano_at(&self, offset_s: impl FnOnce(i64) -> i32) -> Result<u64, TimeError> {
        self.check()?;
        let days = days_from_civil(self.year, self.month, self.day);
        let local_s = days * DAY_S + i64::from(self.hour * 3600 + self.minute * 60 + self.second);
        nanos(local_s - i64::from(offset_s(local_s)), self.nanosecond)
    }

    #[cold]
    fn out_of_range(&self) -> TimeError {
        let what = match () {
            () if self.month.wrapping_sub(1) > 11 => "the month is not 1 to 12",
            () if self.day.wrapping_sub(1) >= month_len(self.year, self.month) => "the month has no such day",
            () if self.hour > 23 => "the hour is not 0 to 23",
            () if self.minute > 59 => "the minute is not 0 to 59",
            () => "the second is not 0 to 60",
        };
        TimeError::out_of_range(what, 0)
    }
}

/// Nanoseconds since the Unix epoch, within the bounds that all of this module has.
#[inline(always)]
pub(crate) fn nanos(seconds: i64, nanosecond: u32) -> Result<u64, TimeError> {
    const SECONDS_MAX: u64 = (i64::MAX / 1_000_000_000) as u64;
    let Ok(seconds) = u64::try_from(seconds) else { return Err(TimeError::out_of_range("the time is before 1970", 0)) };
    let nanos = seconds.min(SECONDS_MAX) * 1_000_000_000 + u64::from(nanosecond);
    if seconds > SECONDS_MAX || nanos > i64::MAX as u64 {
        return Err(TimeError::out_of_range("the time is after 2262-04-11", 0));
    }
    Ok(nanos)
}
