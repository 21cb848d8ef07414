//! Where tasks run, and that none is lost, run twice at once or kept for ever.

use std::sync::atomic::AtomicUsize;
use std::thread;
use std::time::Duration;

use super::*;

/// Spawns `task` as the ZooKeeper crate does.
async fn spawn(reads: &Reads, task: impl Future<Output = ()> + Send + 'static) {
    with_inline_tasks(async { drop(spawns_core::spawn(task)) }, reads).await;
}

/// Polls a future once. Returns whether it goes on.
async fn begin(mut future: Pin<&mut impl Future>) -> bool {
    poll_fn(|context| Poll::Ready(future.as_mut().poll(context).is_pending())).await
}

#[tokio::test]
async fn a_task_runs_where_it_is_woken_unless_one_poll_may_serve_many() {
    let (reads, here) = (Reads::default(), thread::current().id());
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    spawn(&reads, async move {
        while receive.recv().await.is_some() {
            report.send(thread::current().id()).unwrap();
        }
    })
    .await;
    tokio::task::yield_now().await;
    let wake_elsewhere = || {
        let send = send.clone();
        let other = thread::spawn(move || send.send(()).unwrap());
        let id = other.thread().id();
        other.join().unwrap();
        id
    };

    let elsewhere = wake_elsewhere();
    assert_eq!(reports.try_recv(), Ok(elsewhere), "done before the waker returned");
    send.send(()).unwrap();
    assert!(reports.try_recv().is_err(), "more may be asked for");
    assert_eq!(reports.recv().await, Some(here));

    let one = reads.turn().await;
    send.send(()).unwrap();
    assert_eq!(reports.try_recv(), Ok(here), "nothing comes with a single read");
    let another = reads.turn().await;
    send.send(()).unwrap();
    assert!(reports.try_recv().is_err(), "more reads are on their way");
    assert_eq!(reports.recv().await, Some(here));
    wake_elsewhere();
    assert_eq!(reports.recv().await, Some(here), "the same");
    drop(another);
    let elsewhere = wake_elsewhere();
    assert_eq!(reports.try_recv(), Ok(elsewhere), "its answer is at hand there");
    drop(one);
}

#[tokio::test]
async fn a_reader_runs_on_the_thread_that_woke_the_session_and_after_it() {
    let (reads, here) = (Reads::default(), thread::current().id());
    let (input, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let lock = Arc::new(Mutex::new(()));
    let held = Arc::clone(&lock);
    spawn(&reads, async move {
        while receive.recv().await.is_some() {
            // As a client may that wakes its readers: one that ran at once would wait for itself.
            let _held = held.lock().unwrap();
            tell.send(()).unwrap();
        }
    })
    .await;
    let reader = async move {
        while told.recv().await.is_some() {
            drop(lock.lock().unwrap());
            // What needs a runtime finds it there.
            tokio::time::timeout(Duration::from_secs(60), async {}).await.unwrap();
            tokio::spawn(async {});
            report.send(thread::current().id()).unwrap();
        }
    };
    let runtime = Handle::current();
    let mut running = pin!(run_reader(&runtime, &reads, reader));
    assert!(begin(running.as_mut()).await);
    tokio::task::yield_now().await;

    let other = thread::spawn({
        let input = input.clone();
        move || input.send(()).unwrap()
    });
    let elsewhere = other.thread().id();
    other.join().unwrap();
    assert_eq!(reports.try_recv(), Ok(elsewhere));
    input.send(()).unwrap();
    assert_eq!(reports.recv().await, Some(here));

    let _many = reads.turns(2).await;
    thread::spawn(move || input.send(()).unwrap()).join().unwrap();
    assert!(reports.try_recv().is_err(), "one poll may serve many");
    assert_eq!(reports.recv().await, Some(here));
}

#[tokio::test]
async fn no_wake_is_lost_and_no_two_threads_run_a_task_at_once() {
    const WAKES: usize = 100_000;
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let (done, finished) = tokio::sync::oneshot::channel();
    let inside = Arc::new(AtomicUsize::new(0));
    spawn(&Reads::default(), async move {
        for _ in 0..4 * WAKES {
            receive.recv().await.unwrap();
            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
            inside.fetch_sub(1, Ordering::SeqCst);
        }
        done.send(()).unwrap();
    })
    .await;
    for _ in 0..4 {
        let send = send.clone();
        thread::spawn(move || (0..WAKES).for_each(|_| send.send(()).unwrap()));
    }
    finished.await.unwrap();
}

#[tokio::test]
async fn a_task_that_never_waits_does_not_keep_its_thread() {
    let (done, mut finished) = tokio::sync::oneshot::channel::<()>();
    spawn(&Reads::default(), async move {
        while finished.try_recv().is_err() {
            let mut yielded = false;
            poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    })
    .await;
    done.send(()).unwrap();
}

#[test]
fn a_task_that_waits_for_a_runtime_ends_with_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let waits = async move { while receive.recv().await.is_some() {} };
    runtime.block_on(async {
        spawn(&Reads::default(), waits).await;
        tokio::task::yield_now().await;
        // It is queued, and will not be run.
        send.send(()).unwrap();
    });
    drop(runtime);
    assert!(send.is_closed());
}

#[tokio::test]
async fn a_task_that_panics_harms_nobody_and_lets_go_of_what_it_holds() {
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel::<()>();
    spawn(&Reads::default(), async move {
        receive.recv().await;
        panic!("expected");
    })
    .await;
    send.send(()).unwrap();
    send.closed().await;
}

#[tokio::test]
async fn a_reader_for_which_nobody_waits_any_more_ends() {
    let (send, mut receive) = tokio::sync::mpsc::unbounded_channel::<()>();
    let (runtime, reads) = (Handle::current(), Reads::default());
    let reader = async move { while receive.recv().await.is_some() {} };
    let mut running = Box::pin(run_reader(&runtime, &reads, reader));
    assert!(begin(running.as_mut()).await);
    drop(running);
    send.closed().await;
}

#[tokio::test]
async fn a_reader_that_ends_or_panics_is_waited_for_no_longer() {
    let (runtime, reads) = (Handle::current(), Reads::default());
    run_reader(&runtime, &reads, async {}).await;
    run_reader(&runtime, &reads, async { panic!("expected") }).await;
}

#[tokio::test]
async fn tasks_that_wake_each_other_for_ever_do_not_keep_a_thread() {
    let (reads, here) = (Reads::default(), thread::current().id());
    let channels = [(); 2].map(|()| tokio::sync::mpsc::unbounded_channel());
    let [(to_one, mut one), (to_other, mut other)] = channels;
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    let begin = to_one.clone();
    spawn(&reads, async move {
        while one.recv().await.is_some() && report.send(thread::current().id()).is_ok() {
            to_other.send(()).unwrap();
        }
    })
    .await;
    spawn(&reads, async move { while other.recv().await.is_some() && to_one.send(()).is_ok() {} }).await;
    tokio::task::yield_now().await;
    // Without a limit this thread would never end.
    thread::spawn(move || begin.send(()).unwrap()).join().unwrap();
    while reports.recv().await != Some(here) {}
}

#[tokio::test]
async fn each_task_of_a_row_finds_the_runtime_of_its_own_client() {
    let other = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
    let (handle, reads) = (other.handle().clone(), Reads::default());
    let (input, mut receive) = tokio::sync::mpsc::unbounded_channel();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let (report, mut reports) = tokio::sync::mpsc::unbounded_channel();
    spawn(&reads, async move { while receive.recv().await.is_some() && tell.send(()).is_ok() {} }).await;
    let reader = async move {
        while told.recv().await.is_some() {
            report.send((thread::current().id(), Handle::current().id())).unwrap();
        }
    };
    let mut running = pin!(run_reader(&handle, &reads, reader));
    assert!(begin(running.as_mut()).await);
    tokio::task::yield_now().await;
    // Its worker has run what came before.
    other.spawn(async {}).await.unwrap();
    let waker = thread::spawn(move || input.send(()).unwrap());
    let elsewhere = waker.thread().id();
    waker.join().unwrap();
    assert_eq!(reports.try_recv(), Ok((elsewhere, handle.id())));
    other.shutdown_background();
}
