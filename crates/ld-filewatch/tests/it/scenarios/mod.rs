//! The scenarios that a file watcher must survive, each with events only and with the poll alone.

pub(crate) mod case;
mod content;
mod directories;
mod links;
mod mounts;
mod pauses;
mod permissions;
mod writers;

/// Makes two tests of each scenario, one for each way to notice changes.
macro_rules! scenarios {
    ($($name:ident)*) => {
        mod events_only {
            $(#[test] fn $name() { super::$name(crate::scenarios::case::How::EventsOnly) })*
        }
        mod poll_alone {
            $(#[test] fn $name() { super::$name(crate::scenarios::case::How::PollAlone) })*
        }
    };
}
pub(crate) use scenarios;

/// As `scenarios`, each in a child process of the given kind.
macro_rules! scenarios_alone {
    ($kind:expr; $($how:ident as $module:ident),* ; $names:tt) => {
        $(scenarios_alone!(@module $kind; $how as $module; $names);)*
    };
    (@module $kind:expr; $how:ident as $module:ident; [$($name:ident)*]) => {
        mod $module {
            $(#[test] fn $name() {
                let path = concat!(module_path!(), "::", stringify!($name));
                let (_, path) = path.split_once("::").expect("a module");
                crate::child::alone(path, $kind, || super::$name(crate::scenarios::case::How::$how));
            })*
        }
    };
}
pub(crate) use scenarios_alone;
