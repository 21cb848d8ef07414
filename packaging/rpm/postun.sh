if [ -d /run/systemd/system ]; then
    systemctl daemon-reload || :
    if [ "$1" -ge 1 ]; then
        # Without a wait: units are ready after the first answers of ZooKeeper, which may be away.
        systemctl --no-block try-restart live-data-watcher.service 'live-data-watcher@*.service' || :
    fi
fi
