package io.peregrine.load.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever the server does, the run ends and every scheduled call is accounted for. */
class BadServerIT {
    @ParameterizedTest
    @EnumSource
    void endsTheRunAndAccountsForEveryCall(Misbehaviour misbehaviour) throws IOException {
        Queue<Socket> accepted = new ConcurrentLinkedQueue<>();
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            Thread thread = new Thread(() -> serve(server, misbehaviour, accepted), "bad-server");
            thread.start();
            String target = "127.0.0.1:" + server.getLocalPort();

            CommandLineRun run = CommandLineRun.of(
                    "--insecure", target, "-r", "100", "-z", "1s", "-t", "300ms", "-O", "json", "--no-progress");

            JsonObject calls = JsonParser.parseString(run.out())
                    .getAsJsonObject()
                    .getAsJsonObject("peregrine")
                    .getAsJsonObject("calls");
            assertThat(calls.get("scheduled").getAsLong()).isEqualTo(100);
            assertThat(calls.get("failed").getAsLong()).isEqualTo(100);
            assertThat(calls.get("ok").getAsLong()).isZero();
            assertThat(run.exitCode()).isEqualTo(ExitCodes.FAILED);
        } finally {
            for (Socket socket : accepted) {
                socket.close();
            }
        }
    }

    private static void serve(ServerSocket server, Misbehaviour misbehaviour, Queue<Socket> accepted) {
        while (!server.isClosed()) {
            try {
                Socket socket = server.accept();
                accepted.add(socket);
                misbehaviour.treat(socket);
            } catch (IOException e) {
                assertThat(e)
                        .as("the listener was closed, or the client went away")
                        .isNotNull();
            }
        }
    }

    private enum Misbehaviour {
        CLOSES_AT_ONCE {
            @Override
            void treat(Socket socket) throws IOException {
                socket.close();
            }
        },
        RESETS_THE_CONNECTION {
            @Override
            void treat(Socket socket) throws IOException {
                socket.setSoLinger(true, 0);
                socket.close();
            }
        },
        SAYS_NOTHING {
            @Override
            void treat(Socket socket) {}
        },
        SPEAKS_HTTP_1 {
            @Override
            void treat(Socket socket) throws IOException {
                send(
                        socket,
                        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            }
        },
        SENDS_SETTINGS_AND_NOTHING_ELSE {
            @Override
            void treat(Socket socket) throws IOException {
                send(socket, EMPTY_SETTINGS);
            }
        },
        SENDS_SETTINGS_AND_GOAWAY {
            @Override
            void treat(Socket socket) throws IOException {
                send(socket, EMPTY_SETTINGS);
                send(socket, new byte[] {0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 11});
            }
        },
        SENDS_A_FRAME_THAT_IS_TOO_LARGE {
            @Override
            void treat(Socket socket) throws IOException {
                send(socket, EMPTY_SETTINGS);
                send(socket, new byte[] {-1, -1, -1, 0, 0, 0, 0, 0, 1});
            }
        };

        private static final byte[] EMPTY_SETTINGS = {0, 0, 0, 4, 0, 0, 0, 0, 0};

        abstract void treat(Socket socket) throws IOException;

        private static void send(Socket socket, byte[] bytes) throws IOException {
            OutputStream out = socket.getOutputStream();
            out.write(bytes);
            out.flush();
        }
    }
}
