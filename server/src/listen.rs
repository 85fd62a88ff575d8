//! Binding listeners, with words for people when a port cannot be had. Knows no protocol.

use crate::fault::{Exit, Fault};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Binds all addresses of one door.
pub async fn bind(door: &str, addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Fault> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        let listener = TcpListener::bind(address)
            .await
            .map_err(|cause| refused(door, *address, &cause))?;
        listeners.push(listener);
    }
    Ok(listeners)
}

fn refused(door: &str, address: SocketAddr, cause: &std::io::Error) -> Fault {
    let fault = Fault::new(
        Exit::Failed,
        format!("không mở được cổng {door} tại {address}: {cause}"),
        format!("cannot listen for {door} at {address}: {cause}"),
    );
    match cause.kind() {
        std::io::ErrorKind::AddrInUse => fault.remedy(
            format!("chương trình khác đang giữ cổng {}: dừng nó, hoặc chọn cổng khác", address.port()),
            format!("another program holds port {}: stop it or choose another port", address.port()),
        ),
        std::io::ErrorKind::PermissionDenied => fault.remedy(
            "cổng dưới 1024 cần quyền: thêm AmbientCapabilities=CAP_NET_BIND_SERVICE vào dịch vụ systemd",
            "ports below 1024 need a right: add AmbientCapabilities=CAP_NET_BIND_SERVICE to the systemd unit",
        ),
        std::io::ErrorKind::AddrNotAvailable => fault.remedy(
            "máy này không có địa chỉ đó: sửa mục [listen]",
            "this machine has no such address: mend [listen]",
        ),
        _ => fault,
    }
}
