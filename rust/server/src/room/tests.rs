//! That the room is shared as promised, whoever waits for it.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

fn counting() -> (Arc<AtomicUsize>, GiveWay) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    (
        count,
        Arc::new(move || {
            counted.fetch_add(1, Ordering::SeqCst);
        }),
    )
}

fn room(bytes_max: u64) -> Arc<Room> {
    Room::looking_every(bytes_max, Duration::ZERO)
}

#[test]
fn rooms_lie_within_one() {
    let process = room(10);
    let (one, other) = (process.part(8), process.part(8));
    let (first, small, second) = (one.guest(None), one.guest(None), other.guest(None));
    assert!(small.take(1) && first.take(7));
    assert!(!first.take(1), "here");
    assert!(second.take(2));
    assert!(!second.take(1), "in the process");
    assert_eq!((one.free_bytes(), other.free_bytes()), (0, 0));
    drop((first, small, second));
    assert_eq!((process.held_bytes(), one.held_bytes(), other.held_bytes()), (0, 0, 0));
}

#[test]
fn who_is_alone_may_have_more() {
    let here = room(10);
    let one = here.guest(None);
    assert!(one.take(8) && one.take(8));
    assert!(!here.guest(None).take(1));
    one.leave();
    assert!(here.guest(None).take(1));
}

#[test]
fn who_does_not_get_on_gives_way_and_who_arrived_does_not() {
    let here = room(100);
    let (count, give_way) = counting();
    let slow = here.guest(Some(Arc::clone(&give_way)));
    assert!(slow.take(90));
    let asker = here.guest(Some(Arc::clone(&give_way)));
    assert!(asker.take(30));
    assert_eq!((count.load(Ordering::SeqCst), slow.bytes(), here.held_bytes()), (1, 0, 30));
    assert!(slow.take(60));
    slow.arrived();
    asker.arrived();
    assert!(!here.guest(Some(give_way)).take(30));
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[test]
fn who_waits_is_woken_also_where_there_was_room_before_it_said_so() {
    let here = room(10);
    let (count, give_way) = counting();
    let wake = || -> Wake {
        let give_way = Arc::clone(&give_way);
        Box::new(move || give_way())
    };
    let (one, other) = (here.guest(None), here.guest(None));
    assert!(one.take(10) && !other.take(5));
    here.wait(wake());
    assert_eq!(count.load(Ordering::SeqCst), 0);
    one.leave();
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert!(one.take(10) && !other.take(5));
    one.leave();
    here.wait(wake());
    assert_eq!(count.load(Ordering::SeqCst), 2);
}

#[test]
fn all_that_hold_something_may_wait_and_yet_get_on() {
    let here = Room::looking_every(100, Duration::from_secs(3600)).part(100);
    let (ended, give_way) = counting();
    let (woken, wake) = counting();
    let wake = || -> Wake {
        let wake = Arc::clone(&wake);
        Box::new(move || wake())
    };
    let guests: Vec<Guest> = (0..2).map(|_| here.guest(Some(Arc::clone(&give_way)))).collect();
    assert!(guests.iter().all(|guest| guest.take(50)));
    for guest in &guests {
        assert!(!guest.take(20) && !guest.take(20), "looked a moment ago");
        here.wait(wake());
    }
    assert_eq!(woken.load(Ordering::SeqCst), 0);
    here.look();
    assert_eq!((woken.load(Ordering::SeqCst), ended.load(Ordering::SeqCst)), (1, 0));
    here.look();
    here.look();
    assert_eq!(woken.load(Ordering::SeqCst), 2, "each once");
}

#[test]
fn many_threads_leave_nothing_behind() {
    let here = room(1000);
    let mine = here.part(800);
    std::thread::scope(|scope| {
        for thread in 0..4_u8 {
            let (_, give_way) = counting();
            let mine = &mine;
            scope.spawn(move || {
                for step in 0..500_i64 {
                    let guest = mine.guest((thread % 2 == 0).then(|| Arc::clone(&give_way)));
                    guest.take(step % 97);
                    guest.count(200);
                    guest.arrived();
                }
            });
        }
    });
    assert_eq!((here.held_bytes(), mine.held_bytes()), (0, 0));
}
