//! scratch
use relkit::client::{Input, Options, Session};
use relkit::smoke::home::{Home, server_arguments};
use relkit::smoke::model_server::{ModelServer, Step};
fn main() {
    let exe = std::env::args().nth(1).unwrap();
    let cmd = std::env::args().nth(2).unwrap_or("echo hi".into());
    let home = Home::create().unwrap();
    let model = ModelServer::start().unwrap();
    let inv = home.invocation(exe.as_ref()).arguments(server_arguments(&model.base_url()));
    let t = std::time::Instant::now();
    let mut s = Session::start(&inv, Options::new("relkit", "0.1")).unwrap();
    println!("{:?} {:?}", t.elapsed(), s.server());
    let th = s.start_thread(serde_json::json!({"cwd": home.work()})).unwrap();
    println!("{:?} {:?}", t.elapsed(), th.cli_version);
    model.play([Step::Say("nonce".into())]);
    let o = s.start_turn(&th.id, &[Input::text("hello")]).unwrap().finish().unwrap();
    println!("{:?} {:?}", t.elapsed(), o);
    let args: serde_json::Value = serde_json::from_str(&cmd).unwrap_or(serde_json::json!({"cmd": cmd}));
    model.play([Step::Call { function: "exec_command".into(), arguments: args }, Step::Say("done".into())]);
    let o = s.start_turn(&th.id, &[Input::text("run")]).unwrap().finish().unwrap();
    println!("{:?} {:#?}", t.elapsed(), o);
    let r = model.requests();
    if std::env::args().nth(3).is_some() { println!("{:#}", r[0]["tools"]); }
    for item in r.last().unwrap()["input"].as_array().unwrap() { if item["type"] != "message" { println!("{item}"); } }
    println!("strangers {:?}", model.strangers());
    println!("{:?}", s.close(std::time::Duration::from_secs(10)));
    println!("{:?}", t.elapsed());
}
