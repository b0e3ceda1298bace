//! Detects the container that this process runs in, as far as it shows.

use std::path::Path;

use super::kernel::read_text;

/// Returns docker, podman, kubernetes, lxc, systemd-nspawn, or "container" for another kind.
pub(crate) fn container() -> Option<&'static str> {
    container_of_signs(&ContainerSigns::read())
}

/// Signs by which containers show.
#[derive(Default)]
struct ContainerSigns {
    /// KUBERNETES_SERVICE_HOST is set.
    kubernetes_service: bool,
    /// /run/.containerenv exists.
    podman_file: bool,
    /// /.dockerenv exists.
    docker_file: bool,
    /// /proc/1/environ, variables that end with NUL; only root may read it.
    first_environ: String,
    /// /proc/self/cgroup.
    cgroup: String,
}

impl ContainerSigns {
    fn read() -> Self {
        ContainerSigns {
            kubernetes_service: std::env::var_os("KUBERNETES_SERVICE_HOST")
                .is_some_and(|host| !host.is_empty()),
            podman_file: Path::new("/run/.containerenv").exists(),
            docker_file: Path::new("/.dockerenv").exists(),
            first_environ: read_text("/proc/1/environ").unwrap_or_default(),
            cgroup: read_text("/proc/self/cgroup").unwrap_or_default(),
        }
    }
}

/// Returns the kind of container. Kubernetes comes before the container's own kind, and a kind that
/// the container states comes before other signs. The variable is that of
/// <https://systemd.io/CONTAINER_INTERFACE/>.
fn container_of_signs(signs: &ContainerSigns) -> Option<&'static str> {
    let said = signs
        .first_environ
        .split('\0')
        .find_map(|variable| variable.strip_prefix("container="))
        .filter(|name| !name.is_empty())
        .map(|name| match name {
            "docker" => "docker",
            "podman" => "podman",
            "lxc" | "lxc-libvirt" => "lxc",
            "systemd-nspawn" => "systemd-nspawn",
            _ => "container",
        });
    let group = container_of_group(&signs.cgroup);
    if signs.kubernetes_service || group == Some("kubernetes") {
        return Some("kubernetes");
    }
    said.filter(|name| *name != "container")
        .or(signs.podman_file.then_some("podman"))
        .or(signs.docker_file.then_some("docker"))
        .or(group)
        .or(said)
}

/// Detects the kind by the names that container engines give to their control groups. Services of
/// the engines themselves, such as docker.service and libpod-conmon, are not containers.
fn container_of_group(cgroup: &str) -> Option<&'static str> {
    let paths = || cgroup.lines().filter_map(|line| line.splitn(3, ':').nth(2));
    let any = |is: &dyn Fn(&str) -> bool| paths().any(|path| path.split('/').any(is));
    let below = |folder: &str| paths().any(|path| path.contains(folder));
    let starts = |name: &str, prefixes: &[&str]| prefixes.iter().any(|one| name.starts_with(one));
    if any(&|name| name.starts_with("kubepods")) {
        Some("kubernetes")
    } else if any(&|name| name.starts_with("libpod-") && !name.starts_with("libpod-conmon")) {
        Some("podman")
    } else if below("/docker/")
        || any(&|name| name.starts_with("docker-") && name.ends_with(".scope"))
    {
        Some("docker")
    } else if below("/lxc/") || any(&|name| name.starts_with("lxc.payload")) {
        Some("lxc")
    } else if any(&|name| starts(name, &["cri-containerd-", "crio-", "nerdctl-"])) {
        Some("container")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_are_known_by_their_groups() {
        for (path, kind) in [
            ("/", None),
            ("/user.slice/user-1000.slice/session-1.scope", None),
            ("/system.slice/docker.service", None),
            ("/machine.slice/libpod-conmon-ab.scope", None),
            ("/docker/ab", Some("docker")),
            ("/system.slice/docker-ab.scope", Some("docker")),
            ("/machine.slice/libpod-ab.scope/container", Some("podman")),
            (
                "/kubepods.slice/kubepods-pod1.slice/docker-ab.scope",
                Some("kubernetes"),
            ),
            ("/kubepods/burstable/pod1/ab", Some("kubernetes")),
            ("/lxc.payload.web/init.scope", Some("lxc")),
            ("/lxc/web", Some("lxc")),
            ("/system.slice/nerdctl-ab.scope", Some("container")),
        ] {
            assert_eq!(container_of_group(&format!("0::{path}\n")), kind, "{path}");
            assert_eq!(
                container_of_group(&format!("9:a:/\n4:cpu,x:{path}\n")),
                kind
            );
        }
        assert_eq!(container_of_group("docker\n::\n"), None);
    }

    #[test]
    fn containers_are_known_by_what_they_say_and_leave() {
        let signs = |environ: &str, podman_file, docker_file| ContainerSigns {
            first_environ: environ.to_owned(),
            podman_file,
            docker_file,
            ..ContainerSigns::default()
        };
        let kind = |environ, podman, docker| container_of_signs(&signs(environ, podman, docker));
        assert_eq!(kind("", false, false), None);
        assert_eq!(kind("A=container=lxc\0container=\0", false, false), None);
        assert_eq!(kind("A=1\0container=lxc\0", false, false), Some("lxc"));
        assert_eq!(
            kind("container=systemd-nspawn\0", false, false),
            Some("systemd-nspawn")
        );
        assert_eq!(kind("container=oci\0", true, false), Some("podman"));
        assert_eq!(kind("container=wsl\0", false, false), Some("container"));
        assert_eq!(kind("", false, true), Some("docker"));
        let kubernetes = ContainerSigns {
            kubernetes_service: true,
            ..signs("", false, true)
        };
        assert_eq!(container_of_signs(&kubernetes), Some("kubernetes"));
    }
}
