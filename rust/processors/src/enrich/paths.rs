//! What the paths of container logs say: [Kubernetes' and Docker's](https://kubernetes.io/docs/concepts/cluster-administration/logging/#log-location-node).

/// The facts of a path, by the names of OpenTelemetry's conventions; none where it is no container's log.
///
/// - `NAMESPACE_POD_UID/CONTAINER/RESTARTS.log`, as below `/var/log/pods`
/// - `POD_NAMESPACE_CONTAINER-ID.log`, as below `/var/log/containers`
/// - `ID/ID-json.log`, as Docker's
///
/// all of them also as they are called once they are rotated.
pub fn container_of(path: &str) -> Vec<(&'static str, &str)> {
    let mut parts = path.rsplit('/');
    let file = parts.next().unwrap_or_default();
    let (folder, above) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    of_pod(above, folder, file).or_else(|| of_container(file)).or_else(|| of_docker(folder, file)).unwrap_or_default()
}

fn of_pod<'a>(pod: &'a str, container: &'a str, file: &'a str) -> Option<Vec<(&'static str, &'a str)>> {
    let restarts = stem(file)?;
    let [namespace, name, uid] = three(pod)?;
    let are_names = [namespace, name, container].iter().all(|name| is_name(name));
    if !are_names || !is_uid(uid) || restarts.is_empty() || !restarts.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(vec![
        ("k8s.namespace.name", namespace),
        ("k8s.pod.name", name),
        ("k8s.pod.uid", uid),
        ("k8s.container.name", container),
        ("k8s.container.restart_count", restarts),
    ])
}

fn of_container(file: &str) -> Option<Vec<(&'static str, &str)>> {
    let (names, id) = stem(file)?.rsplit_once('-')?;
    let [pod, namespace, container] = three(names)?;
    let are_names = [pod, namespace, container].iter().all(|name| is_name(name));
    (are_names && is_id(id))
        .then(|| vec![("k8s.namespace.name", namespace), ("k8s.pod.name", pod), ("k8s.container.name", container), ("container.id", id)])
}

fn of_docker<'a>(folder: &'a str, file: &str) -> Option<Vec<(&'static str, &'a str)>> {
    let rest = file.strip_prefix(folder)?.strip_prefix("-json.log")?;
    let rest = rest.strip_suffix(".gz").unwrap_or(rest);
    let is_rotated = rest.strip_prefix('.').is_some_and(|number| !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit()));
    (is_id(folder) && (rest.is_empty() || is_rotated)).then(|| vec![("container.id", folder)])
}

/// A file's name without `.log`, the time of its rotation and its compression.
fn stem(file: &str) -> Option<&str> {
    let file = file.strip_suffix(".gz").or_else(|| file.strip_suffix(".zst")).unwrap_or(file);
    if let Some(stem) = file.strip_suffix(".log") {
        return Some(stem);
    }
    let (stem, time) = file.rsplit_once(".log.")?;
    let is_time = time.len() == 15 && time.bytes().enumerate().all(|(at, byte)| if at == 8 { byte == b'-' } else { byte.is_ascii_digit() });
    is_time.then_some(stem)
}

/// No name has an underscore.
fn three(text: &str) -> Option<[&str; 3]> {
    let mut parts = text.split('_');
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

fn is_name(name: &str) -> bool {
    let is_edge = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = name.as_bytes();
    bytes.first().is_some_and(is_edge)
        && bytes.last().is_some_and(is_edge)
        && bytes.iter().all(|byte| is_edge(byte) || matches!(byte, b'.' | b'-'))
}

fn is_hex(byte: u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}

fn is_id(id: &str) -> bool {
    id.len() == 64 && id.bytes().all(is_hex)
}

/// A UUID; of a static pod 32 digits, the hash of its file.
fn is_uid(uid: &str) -> bool {
    match uid.len() {
        32 => uid.bytes().all(is_hex),
        36 => uid.bytes().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { is_hex(byte) }),
        _ => false,
    }
}
