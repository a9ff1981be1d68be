//! The demo as anybody runs it, with the server killed on the way: every copy right, nothing lost.

use std::process::Command;

/// Half a minute of a winery's day by the wall clock, for the demo times what it shows.
#[test]
fn a_winerys_day_ends_right_though_the_server_is_killed() {
    let mut demo = Command::new(env!("CARGO_BIN_EXE_crossdock"));
    let output = demo.args(["demo", "--once", "--kill", "5"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let last = text.trim_end().lines().last().unwrap();
    let words: Vec<&str> = last.split(' ').filter(|word| word.parse::<u64>().is_err()).collect();
    assert_eq!(
        words.join(" "),
        "crossdock demo: deliveries, duplicates, orders, in step, exceptions, lost, p99 change-to-copy ms"
    );
    assert!(last.contains(" 58 orders, 53 in step, 6 exceptions, 0 lost,"), "{last}");
    assert_eq!(text.matches("kill -9").count(), 5);
}
