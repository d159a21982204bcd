//! The Common Log Format of web servers and proxies, and what stands around it.

/// Its time.
macro_rules! clf_time {
    () => {
        "[{time:%d/%b/%Y:%H:%M:%S %z}]"
    };
}

/// From the time to the size, which are the same everywhere.
macro_rules! clf_request {
    () => {
        concat!(crate::pattern::clf_time!(), " \"{request:request}\" {http.response.status_code:status} {http.response.body.size:int}")
    };
}

/// What *combined* adds.
macro_rules! clf_agent {
    () => {
        " \"{http.request.header.referer:header}\" \"{user_agent.original:escaped}\""
    };
}

pub(crate) use {clf_agent, clf_request, clf_time};

/// Who asked: an address or a name; behind the host that was asked, and its port; a list of addresses, as where proxies stand before, perhaps with the nearest of these.
const CLIENTS: [&str; 7] = [
    "{client.address:word}",
    "{server.address:host}:{server.port:int} {client.address:clients}",
    "{server.address:host} {client.address:clients}",
    "{client.address:clients}",
    "\"{client.address:clients}\" {network.peer.address:word}",
    "{server.address:host}:{server.port:int} \"{client.address:clients}\" {network.peer.address:word}",
    "{server.address:host} \"{client.address:clients}\" {network.peer.address:word}",
];

/// Every client with everything that may follow it.
pub(crate) fn lines(behind: &[String]) -> Vec<String> {
    CLIENTS.iter().flat_map(|client| behind.iter().map(move |behind| format!("{client} {behind}"))).collect()
}
