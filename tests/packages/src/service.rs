//! The Debian package on a machine that boots: the commands of README.md, then the life of
//! the service.

use ld_workspace::Failure;
use ld_workspace::cargo;

use crate::deb;
use crate::machine::{Machine, Mount};
use crate::other_ways;
use crate::readme::{self, DEB_FILE as FILE};
use crate::root::fresh_directory;

const INSTANCE: &str = "live-data-watcher@second";

/// Checks the package of what was gathered, and the other ways to a service.
pub fn check() -> Result<(), Failure> {
    let directory = fresh_directory(&cargo::target_directory()?, "boot")?;
    deb::make(&directory, &["--fast"])?;
    let newer = deb::make(&fresh_directory(&directory, "newer")?, &["--fast", "--deb-version=999-1"])?;
    let newer = newer.file_name().unwrap_or_default().to_string_lossy();
    let machine = Machine::boot(&[Mount::read_only(&directory, "/srv")])?;
    machine.run("ln -s /srv/*.deb .")?;
    let shell = machine.paste(&readme::commands_after_deb()?, &[])?;
    machine.follows(FILE, shell)?;
    let service = Service { machine: &machine };
    service.tells_its_state()?;
    service.reloads()?;
    service.ends_when_it_hangs()?;
    service.has_instances()?;
    service.is_upgraded(&newer)?;
    service.lets_a_machine_boot_without_zookeeper()?;
    service.is_purged()?;
    other_ways::check()
}

struct Service<'a> {
    machine: &'a Machine,
}

impl Service<'_> {
    fn property(&self, name: &str) -> Result<String, Failure> {
        let value = self.machine.run(&format!("systemctl show --value -p {name} live-data-watcher"))?;
        Ok(value.trim().to_owned())
    }

    fn tells_its_state(&self) -> Result<(), Failure> {
        let status = self.machine.run("systemctl status live-data-watcher")?;
        let lines = ["Active: active (running)", "Status: \"1 of 1 files"];
        if lines.iter().all(|line| status.contains(line)) {
            println!("systemctl status tells that the service is ready, and of its files");
            return Ok(());
        }
        Err(Failure::new(format!("systemctl status prints\n{status}")))
    }

    /// A reload adds a file, and the process stays.
    fn reloads(&self) -> Result<(), Failure> {
        let process = self.property("MainPID")?;
        self.machine.run(
            "printf 'nodes.more.source = /flags\\nnodes.more.dest = /var/lib/live-data/more.json\\n' \
             >> /etc/live-data/live-data.ini && systemctl reload live-data-watcher",
        )?;
        self.machine.wait_until("cmp /var/lib/live-data/flags.json /var/lib/live-data/more.json")?;
        self.machine.wait_until("systemctl status live-data-watcher | grep -q 'Status: \"2 of 2 files'")?;
        if self.property("MainPID")? != process {
            return Err(Failure::new("a reload starts another process"));
        }
        println!("systemctl reload takes the new configuration, and the process stays");
        Ok(())
    }

    /// The watchdog of the unit ends a process that hangs, and systemd starts another.
    fn ends_when_it_hangs(&self) -> Result<(), Failure> {
        let drop_in = "/etc/systemd/system/live-data-watcher.service.d";
        self.machine.run(&format!(
            "mkdir -p {drop_in} && printf '[Service]\\nWatchdogSec=3\\n' > {drop_in}/watchdog.conf \
             && systemctl daemon-reload && systemctl restart live-data-watcher"
        ))?;
        let process = self.property("MainPID")?;
        self.machine.run(&format!("kill -STOP {process}"))?;
        self.machine.wait_until("test $(systemctl show --value -p NRestarts live-data-watcher) -ge 1")?;
        self.machine.wait_until("systemctl is-active live-data-watcher")?;
        self.machine.run("journalctl -u live-data-watcher | grep -q 'Watchdog timeout'")?;
        if self.property("MainPID")? == process {
            return Err(Failure::new("the stopped process is not ended"));
        }
        println!("the watchdog ends a process that hangs, and systemd starts another");
        Ok(())
    }

    /// Without ZooKeeper no unit gets ready, and an upgrade must not wait for that.
    fn is_upgraded(&self, package: &str) -> Result<(), Failure> {
        const UNITS: [&str; 2] = ["live-data-watcher", INSTANCE];
        let process = |unit: &str| self.machine.run(&format!("systemctl show --value -p MainPID {unit}"));
        let processes = UNITS.map(process);
        let before = self.machine.run("cat /etc/live-data/live-data.ini")?;
        self.machine.run("systemctl stop zookeeper")?;
        self.machine.run(&format!("timeout 60 apt-get install --yes /srv/newer/{package}"))?;
        for (unit, former) in UNITS.into_iter().zip(processes) {
            let former = former?;
            let now = format!("systemctl show --value -p MainPID {unit}");
            self.machine.wait_until(&format!("test $({now}) -ne 0 -a $({now}) -ne {}", former.trim()))?;
        }
        self.machine.run("systemctl start zookeeper")?;
        for unit in UNITS {
            self.machine.wait_until(&format!("systemctl is-active {unit}"))?;
        }
        if self.machine.run("cat /etc/live-data/live-data.ini")? != before {
            return Err(Failure::new("an upgrade changes the configuration"));
        }
        println!(
            "an upgrade starts the units again, does not wait for ZooKeeper, and leaves the configuration"
        );
        Ok(())
    }

    fn has_instances(&self) -> Result<(), Failure> {
        self.machine.run(
            "sed s/flags.json/second.json/ /etc/live-data/live-data.ini > /etc/live-data/second.ini \
             && sed -i /more/d /etc/live-data/second.ini && systemctl enable --now live-data-watcher@second",
        )?;
        self.machine.run("cmp /var/lib/live-data/flags.json /var/lib/live-data/second.json")?;
        println!("an instance follows the nodes of its own configuration");
        Ok(())
    }

    /// Applications that are ordered after the service wait for ZooKeeper, all others do not.
    fn lets_a_machine_boot_without_zookeeper(&self) -> Result<(), Failure> {
        self.machine.run("systemctl stop multi-user.target live-data-watcher")?;
        self.machine.run("systemctl mask --now --runtime zookeeper")?;
        self.machine
            .run("systemctl enable live-data-watcher && timeout 60 systemctl start multi-user.target")?;
        let state = self.property("ActiveState")?;
        if state != "activating" {
            return Err(Failure::new(format!("without ZooKeeper the service is {state}")));
        }
        self.machine.run("systemctl unmask --runtime zookeeper && systemctl start zookeeper")?;
        self.machine.wait_until("systemctl is-active live-data-watcher")?;
        println!("multi-user.target does not wait for ZooKeeper");
        Ok(())
    }

    fn is_purged(&self) -> Result<(), Failure> {
        self.machine.run("apt-get purge --yes live-data")?;
        self.machine.run(&format!(
            "! systemctl is-active live-data-watcher && test ! -e /etc/live-data/live-data.ini && test -e {FILE}"
        ))?;
        self.machine.run(&format!(
            "! systemctl is-active {INSTANCE} \
             && test ! -L /etc/systemd/system/multi-user.target.wants/{INSTANCE}.service"
        ))?;
        println!("a purge ends the service and its instances, and leaves their files");
        Ok(())
    }
}
